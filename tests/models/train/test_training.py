"""A tiny model through the whole recipe: train, stop, go on, export, convert, translate. Needs torch."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.train import vocabulary
from models.train.sentencepieces import CONTROL, UNKNOWN, Piece, PieceModel

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

LETTERS = "abcdefgh"
SPECIAL = (Piece("</s>", 0.0, CONTROL), Piece("<unk>", 0.0, UNKNOWN))
SOURCE = PieceModel((*SPECIAL, Piece("▁", -3.0), *(Piece(c, -3.0) for c in LETTERS)), b"")
TARGET = PieceModel((*SPECIAL, Piece("▁", -3.0), *(Piece(c, -3.0) for c in reversed(LETTERS))), b"")


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A folder as `prepare` leaves it: words to be copied letter by letter, and a random start."""
    from models.train.warm_start import build

    folder = tmp_path / "prepared"
    folder.mkdir()
    vocabulary.write(folder, SOURCE, TARGET)
    rng = np.random.default_rng(1)
    words = ["".join(rng.choice(list(LETTERS), rng.integers(2, 6))) for _ in range(400)]
    arrays = {}
    for side, model in (("source", SOURCE), ("target", TARGET)):
        rows = [[*ids, 0] for ids in vocabulary.processor(model).encode(words)]
        arrays[f"de.newsdev.{side}"] = np.array([i for row in rows for i in row], np.uint16)
        arrays[f"de.newsdev.{side}_length"] = np.array([len(row) for row in rows], np.uint16)
    np.savez(folder / "tokens.npz", **arrays)
    (folder / "held-out.tsv").write_text("".join(f"de\t{w}\t{w}\n" for w in words[:20]), encoding="utf-8")
    torch.manual_seed(1)
    torch.save(build(tiny(), 12, 0.0).state_dict(), folder / "start-32-1.pt")
    return folder


def tiny():
    from models.train.warm_start import Shape

    return Shape(width=32, encoder_layers=1, decoder_layers=1, feed_forward=64, heads=2)


def plan(minutes: float, **changes):
    from models.train.train import Plan

    return Plan(minutes, tiny(), batch_tokens=200, round_pairs=200, peak=5e-3, warmup_steps=10, candidates=None,
                train_english=True, average_steps=20, **changes)  # fmt: skip


def test_training_lowers_the_loss_and_goes_on_where_it_stopped(prepared: Path, tmp_path: Path) -> None:
    from models.train.train import train

    cpu = torch.device("cpu")
    first = train(prepared, tmp_path / "run", plan(0.1), cpu, stop_after=0.03)
    second = train(prepared, tmp_path / "run", plan(0.1), cpu)
    assert 0 < first.steps < second.steps
    assert second.progress == 1.0
    rows = [line.split("\t") for line in (tmp_path / "run" / "curve.tsv").read_text().splitlines()]
    assert float(rows[-1][3]) < float(rows[0][3])


def test_export_translates_alike_in_transformers_and_ctranslate2(prepared: Path, tmp_path: Path) -> None:
    import ctranslate2
    from transformers import MarianMTModel, MarianTokenizer

    from models.convert import convert
    from models.train.train import train

    train(prepared, tmp_path / "run", plan(0.05), torch.device("cpu"))
    export = tmp_path / "run" / "export"
    convert(export, tmp_path / "ct2", "float32")
    model, tokenizer = (
        MarianMTModel.from_pretrained(export, dtype=torch.float32),
        MarianTokenizer.from_pretrained(export),
    )
    translator = ctranslate2.Translator(str(tmp_path / "ct2"), "cpu", intra_threads=1)
    for word in ("abc", "hgfe", "dad"):
        inputs = tokenizer(word, return_tensors="pt")
        ours = model.generate(**inputs, num_beams=1, max_length=12)[0].tolist()
        ids = json.loads((export / "target_vocab.json").read_text())
        pieces = [*tokenizer.spm_source.encode(word, out_type=str), "</s>"]
        theirs = translator.translate_batch([pieces], beam_size=1, max_decoding_length=11)[0].hypotheses[0]
        assert [i for i in ours if i not in (0, ids["<pad>"])] == [ids[piece] for piece in theirs]


def test_drawn_candidates_estimate_the_full_loss() -> None:
    from models.train.loss import draw, everything, smoothed_cross_entropy

    torch.manual_seed(2)
    hidden, weight, bias = torch.randn(300, 16), torch.randn(4000, 16) * 0.3, torch.randn(4000)
    labels = torch.randint(0, 4000, (300,))
    full = torch.nn.functional.cross_entropy(hidden @ weight.T + bias, labels)
    ours = smoothed_cross_entropy(hidden, weight, bias, everything(labels, 4000), 0.0)
    drawn = smoothed_cross_entropy(hidden, weight, bias, draw(labels, 4000, 1000, 1500), 0.0)
    assert float(ours) == pytest.approx(float(full), abs=0.01)
    assert float(drawn) == pytest.approx(float(full), abs=0.15)


def test_gradients_equal_those_of_the_plain_loss() -> None:
    from models.train.loss import everything, smoothed_cross_entropy

    torch.manual_seed(3)
    labels, bias = torch.randint(0, 200, (90,)), torch.zeros(200)
    sides = []
    for ours in (True, False):
        torch.manual_seed(4)
        hidden, weight = torch.randn(90, 16, requires_grad=True), torch.randn(200, 16, requires_grad=True)
        if ours:
            loss = smoothed_cross_entropy(hidden, weight, bias, everything(labels, 200), 0.1)
        else:
            loss = torch.nn.functional.cross_entropy(hidden @ weight.T, labels, label_smoothing=0.1)
        loss.backward()
        sides.append((hidden.grad, weight.grad))
    for mine, plain in zip(*sides, strict=True):
        assert float((mine - plain).norm() / plain.norm()) < 0.02


def test_the_cell_of_the_parent_is_a_gated_running_mean() -> None:
    from models.train.warm_start import ssru

    tensors = {"d_rnn_Wf": torch.zeros(2, 2), "d_rnn_bf": torch.zeros(1, 2), "d_rnn_W": torch.eye(2)}
    states = ssru(torch.tensor([[[4.0, -4.0], [8.0, 0.0]]]), tensors, "d")
    assert states.tolist() == [[[2.0, 0.0], [5.0, 0.0]]]
