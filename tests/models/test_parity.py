"""Our conversion and runtime against transformers: the same tokens in, and in float32 the same tokens out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.convert import convert
from models.marian import END, Decoding, Marian
from tests.models import tiny
from tests.models.test_convert import LAYOUTS

SENTENCES = [
    "Il fait beau à Paris, dit le président.",
    "La Corée du Nord livre 14 000 missiles à la Russie.",
    "Der Bericht wurde am 3. Oktober veröffentlicht.",
    "Übung",
    "Die Regierung will 3,5 Millionen Euro zahlen, und zwar sofort!",
    "日本 und 🙂",
    "  deux  espaces ",
]


@pytest.fixture(scope="module", params=LAYOUTS.values(), ids=LAYOUTS)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parity")
    tiny.write(folder / "hf", request.param)
    convert(folder / "hf", folder / "ct2", "float32")
    return folder


def ours(folder: Path) -> Marian:
    return Marian(folder / "ct2", device="cpu", compute_type="float32", threads=1)


def reference_tokenizer(folder: Path) -> Any:
    from transformers import MarianTokenizer

    return MarianTokenizer.from_pretrained(folder / "hf")


def test_same_tokens_in(checkpoint: Path) -> None:
    reference = reference_tokenizer(checkpoint)
    model = ours(checkpoint)
    for sentence, tokens in zip(SENTENCES, model.tokenize(SENTENCES), strict=True):
        unknown = reference.encoder["<unk>"]
        assert [reference.encoder.get(token, unknown) for token in tokens] == reference(sentence).input_ids
        assert tokens[-1] == END


@pytest.mark.torch
def test_same_tokens_out(checkpoint: Path) -> None:
    """Greedy only: the two differ by design in which beams they keep once one has ended."""
    import torch
    from transformers import MarianMTModel

    reference = reference_tokenizer(checkpoint)
    network = MarianMTModel.from_pretrained(checkpoint / "hf", dtype=torch.float32).eval()
    pad = network.config.pad_token_id
    model = ours(checkpoint)
    vocabulary = reference.target_encoder if reference.separate_vocabs else reference.encoder
    tokens_of = {number: token for token, number in vocabulary.items()}
    for sentence, tokens in zip(SENTENCES, model.tokenize(SENTENCES), strict=True):
        with torch.no_grad():
            expected = network.generate(
                **reference([sentence], return_tensors="pt"),
                num_beams=1,
                do_sample=False,
                max_new_tokens=20,
                forced_eos_token_id=None,
                suppress_tokens=[pad],
            )[0].tolist()
        result = model.translator.translate_batch([tokens], beam_size=1, max_decoding_length=20, max_input_length=0)
        assert result[0].hypotheses[0] == [tokens_of[number] for number in expected if number not in (pad, 0)]


@pytest.mark.torch
def test_scores_are_mean_log_probabilities(checkpoint: Path) -> None:
    import torch
    from transformers import MarianMTModel

    reference = reference_tokenizer(checkpoint)
    network = MarianMTModel.from_pretrained(checkpoint / "hf", dtype=torch.float32).eval()
    model = ours(checkpoint)
    vocabulary = reference.target_encoder if reference.separate_vocabs else reference.encoder
    result = model.translator.translate_batch(
        model.tokenize([SENTENCES[0]]), beam_size=1, max_decoding_length=20, max_input_length=0, return_scores=True
    )[0]
    finished = len(result.hypotheses[0]) < 20
    labels = [vocabulary[token] for token in result.hypotheses[0]] + ([0] if finished else [])
    with torch.no_grad():
        logits = network(**reference([SENTENCES[0]], return_tensors="pt"), labels=torch.tensor([labels])).logits[0]
    logits[:, network.config.pad_token_id] = -1e9
    chosen = torch.log_softmax(logits, -1)[range(len(labels)), labels]
    assert result.scores[0] == pytest.approx(chosen.mean().item(), abs=2e-3)


def test_decoding_gives_plain_text(checkpoint: Path) -> None:
    answers = ours(checkpoint).translate(SENTENCES[:2], Decoding(1), retry=False)
    assert not any("▁" in answer.text or END in answer.text for answer in answers)
