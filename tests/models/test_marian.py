"""The runtime: loaded on first use and once, in order, nothing cut in silence."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from models import marian
from models.convert import convert, manifest_entry
from models.manifest import ModelError
from tests.models import tiny


@pytest.fixture(scope="module")
def builtin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `models/builtin`, with one tiny model for two languages."""
    folder = tmp_path_factory.mktemp("builtin")
    convert(tiny.write(tmp_path_factory.mktemp("hf") / "hf"), folder / "small")
    entry = manifest_entry(
        folder / "small", name="small", revision="1", languages=("fr", "de"), licence="none", source="dice"
    )
    (folder / "manifest.toml").write_text(entry, encoding="utf-8")
    return folder


def loaded(translator: marian.MarianTranslator) -> int:
    return len(translator._loaded)


def test_importing_loads_no_runtime() -> None:
    code = (
        "import sys, models.marian, models.manifest\n"
        "print(sorted({'ctranslate2', 'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_translating_imports_neither_torch_nor_transformers(builtin: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from models import marian\n"
        "marian.load(builtin=Path(sys.argv[1]), threads=1).translate(['Il fait beau.'], 'fr')\n"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(builtin)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_model_is_loaded_by_the_first_sentence_and_once_for_both_languages(builtin: Path) -> None:
    translator = marian.load(builtin=builtin, threads=1)
    assert translator.model("fr") == translator.model("de") == "small@1"
    assert loaded(translator) == 0
    translator.translate(["Il fait beau."], "fr")
    translator.count_tokens("Übung", "de")
    assert loaded(translator) == 1


def test_threads_that_come_together_load_one_model(builtin: Path) -> None:
    translator = marian.load(builtin=builtin, threads=1)
    work = [threading.Thread(target=translator.translate, args=(["Il fait beau."], "fr")) for _ in range(4)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert loaded(translator) == 1


def test_order_does_not_depend_on_length_or_batch(builtin: Path) -> None:
    translator = marian.load(builtin=builtin, threads=1, decoding=marian.Decoding(beam_size=1))
    sentences = ["Il", "Il fait beau à Paris, dit le président de la Corée du Nord.", "Übung", "Il fait beau."] * 9
    together = [answer.text for answer in translator.translate(sentences, "fr")]
    alone = [translator.translate([sentence], "fr")[0].text for sentence in sentences[:4]] * 9
    assert together == alone


def test_groups_are_under_way_ahead_of_the_one_that_is_looked_at_and_no_more(builtin: Path) -> None:
    class Watched(marian.Marian):
        begun = 0

        def _begin(self, *arguments: Any) -> Any:
            self.begun += 1
            return super()._begin(*arguments)

    model = Watched(builtin / "small", device="cpu", compute_type="default", threads=2)
    decoding = marian.Decoding(beam_size=1)
    batches = model.stream([f"Il fait beau à {n}." for n in range(20 * marian.ROWS)], decoding, retry=False)
    assert model.begun == 0
    first = next(batches)
    assert model.begun == 2 * marian.AHEAD + 1
    batches.close()
    assert model.begun == 2 * marian.AHEAD + 1
    assert len(model.translate(["Il fait beau."] * 3, decoding, retry=False)) == 3
    assert 0 < len(first) <= marian.ROWS


def test_nothing_in_nothing_out(builtin: Path) -> None:
    assert marian.load(builtin=builtin).translate([], "fr") == []


def test_too_long_a_sentence_is_an_error_not_a_cut(builtin: Path) -> None:
    translator = marian.load(builtin=builtin, threads=1)
    with pytest.raises(ValueError, match="expected at most 64 tokens"):
        translator.translate(["président " * 200], "fr")


def test_language_without_a_route_is_none_and_an_error_to_translate(builtin: Path) -> None:
    translator = marian.load(builtin=builtin)
    assert translator.model("es") is None
    with pytest.raises(ModelError, match='no model for "es"'):
        translator.translate(["Hola."], "es")


def test_unknown_model_is_named_with_those_there_are(builtin: Path) -> None:
    with pytest.raises(ModelError, match="no such model in the manifest; there are small"):
        marian.load(builtin=builtin, model="large")


def test_options_name_the_decoding() -> None:
    plain, wide = (str(marian.Decoding(beam_size=beams)) for beams in (1, 4))
    assert plain != wide


def test_groups_keep_to_their_bounds() -> None:
    tokens = [["x"] * length for length in (500, 490, 400, 100, 90, 10, 9, 8, 1)]
    groups = marian.by_budget(range(len(tokens)), tokens, most=4)
    assert [number for group in groups for number in group] == list(range(len(tokens)))
    assert all(len(group) <= 4 and len(group) * len(tokens[group[0]]) <= marian.BATCH_TOKENS for group in groups)


def test_letter_outside_the_vocabulary_is_copied() -> None:
    answer = marian.load(threads=1).translate(["Báo Quốc Tế, 27 octobre 2023"], "fr")[0]
    assert "⁇" not in answer.text
