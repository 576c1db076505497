"""How fast translation is: transformers, CTranslate2, and our whole stage, in pairs in one process.

    python -m benchmarks.translate [--json]

The model is of opus-mt size (six layers each side, width 512, 60,000 pieces) with random weights, so that it can be run
where no checkpoint can be had; the length of an answer is pinned to its source's, and all sides get the same
sentences, each in batches of its own choosing. What is compared runs in turns, each figure is the median over the
pairs: a busy machine slows both halves of a pair. Second tries are off, since every check fails on random answers;
what they cost with the built-in model is printed apart. The reference needs PyTorch
(`pip install newsfold[convert]`).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from ingest.settings import Settings
from ingest.translation import DictMemory, translate_texts
from ingest.translation.normalize import normalize
from ingest.translation.segment import segment
from ingest.types import Span
from models import marian
from models.convert import convert
from models.manifest import read, sha256

WIDTH, FEED_FORWARD, HEADS, LAYERS, PIECES = 512, 2048, 8, 6, 59_514
"""The shape of Helsinki-NLP/opus-mt-fr-en."""

BATCH = 16
"""Sentences in one batch of the reference, sorted by length: what transformers does well with on a CPU."""

CLAIM = int(Settings.model_fields["translate_batch"].default)
"""Articles the translate worker claims at once."""

ARTICLE = 24
"""Sentences of an article in the feed with copies."""

SEEDS = Path(__file__).parents[1] / "seeds"

_clock: Callable[[], float] = time.perf_counter

Text = tuple[str, tuple[Span, ...]]


def main() -> None:
    """Measure everything and print it; with --json the last line is one object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.translate", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--sentences", type=int, default=96, help="sentences of the comparison with transformers")
    parser.add_argument("--lines", type=int, default=96, help="sentences of the other comparisons")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of each comparison, at least 3")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--processor-time", action="store_true", help="seconds of processor time instead of the wall's, on one thread"
    )
    parser.add_argument("--no-reference", action="store_true", help="leave transformers out (no PyTorch needed)")
    asked = parser.parse_args()
    asked.pairs = max(3, asked.pairs)
    if asked.processor_time:  # for a machine that others use: what they take is not counted
        global _clock
        _clock, asked.threads = time.process_time, 1
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, models = Path(folder) / "hf", Path(folder) / "models"
        write_checkpoint(checkpoint)
        register(checkpoint, models)
        lines = french_sentences()[: asked.lines]
        found: dict[str, Any] = {"speedup": None}
        if not asked.no_reference:
            found["speedup"] = speedup(checkpoint, models, spread(lines, asked.sentences), asked.pairs, asked.threads)
        found["overhead"] = overhead(models, lines, asked.pairs, asked.threads)
        found["copies"] = copies(models, lines, asked.pairs, asked.threads)
        found["memory_mb"] = memory_mb(models)
        second_tries(lines, asked.threads)
    if asked.json:
        print(json.dumps(found))


def french_sentences() -> list[str]:
    """The distinct sentences of the five documents, as the model gets them, of 8 to 90 words."""
    lines = [line for path in sorted(SEEDS.glob("*.txt")) for line in path.read_text(encoding="utf-8").splitlines()]
    sentences = dict.fromkeys(
        normalize(line[start:end], "fr").text for line in lines for start, end in segment(line, "fr")
    )
    return [sentence for sentence in sentences if 8 <= len(sentence.split()) <= 90]


def spread(lines: Sequence[str], count: int) -> list[str]:
    """So many of the lines, taken evenly over all of them."""
    return list(lines[:: max(1, len(lines) // count)][:count])


def write_checkpoint(folder: Path) -> None:
    """A random checkpoint of opus-mt size in Hugging Face layout, over the built-in SentencePiece model."""
    from safetensors.numpy import save_file

    directory = read().routes["fr"].directory
    assert directory is not None
    folder.mkdir(parents=True)
    for name in ("source.spm", "target.spm"):
        there = directory / name if (directory / name).is_file() else directory / "source.spm"
        (folder / name).write_bytes(there.read_bytes())
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    tokens = [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]
    tokens += [f"<extra{number}>" for number in range(PIECES - 1 - len(tokens))] + ["<pad>"]
    (folder / "vocab.json").write_text(json.dumps({t: n for n, t in enumerate(tokens)}), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"source_lang": "fr", "target_lang": "en"}', encoding="utf-8")
    pad = PIECES - 1
    config = {
        "model_type": "marian", "architectures": ["MarianMTModel"], "vocab_size": PIECES, "decoder_vocab_size": PIECES,
        "d_model": WIDTH, "encoder_layers": LAYERS, "decoder_layers": LAYERS, "encoder_attention_heads": HEADS,
        "decoder_attention_heads": HEADS, "encoder_ffn_dim": FEED_FORWARD, "decoder_ffn_dim": FEED_FORWARD,
        "activation_function": "swish", "max_position_embeddings": 512, "scale_embedding": True,
        "static_position_embeddings": True, "share_encoder_decoder_embeddings": True, "tie_word_embeddings": True,
        "pad_token_id": pad, "eos_token_id": 0, "decoder_start_token_id": pad, "forced_eos_token_id": None,
        "bos_token_id": None,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(random_tensors(), str(folder / "model.safetensors"), metadata={"format": "pt"})


def random_tensors() -> dict[str, Any]:
    """Weights of the right names and shapes, drawn as a fresh model's; the row of <pad> is zero."""
    dice = np.random.default_rng(7)
    tensors: dict[str, Any] = {}

    def normal(name: str, *shape: int) -> None:
        tensors[name] = dice.normal(0, 0.02, shape).astype(np.float32)

    def norm(name: str) -> None:
        tensors[f"{name}.weight"] = np.ones(WIDTH, np.float32)
        tensors[f"{name}.bias"] = np.zeros(WIDTH, np.float32)

    for side, attentions in (("encoder", ["self_attn"]), ("decoder", ["self_attn", "encoder_attn"])):
        for number in range(LAYERS):
            layer = f"model.{side}.layers.{number}"
            for attention in attentions:
                for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    normal(f"{layer}.{attention}.{projection}.weight", WIDTH, WIDTH)
                    normal(f"{layer}.{attention}.{projection}.bias", WIDTH)
                norm(f"{layer}.{attention}_layer_norm")
            for name, rows, columns in (("fc1", FEED_FORWARD, WIDTH), ("fc2", WIDTH, FEED_FORWARD)):
                normal(f"{layer}.{name}.weight", rows, columns)
                normal(f"{layer}.{name}.bias", rows)
            norm(f"{layer}.final_layer_norm")
    normal("model.shared.weight", PIECES, WIDTH)
    tensors["model.shared.weight"][-1] = 0
    tensors["final_logits_bias"] = np.zeros((1, PIECES), np.float32)
    return tensors


def register(checkpoint: Path, models: Path) -> None:
    """Convert the checkpoint to int8 twice, as two models with a manifest: one for fr, one for de."""
    entries = []
    for lang in ("fr", "de"):
        convert(checkpoint, models / lang)
        files = "\n".join(f'"{path.name}" = "{sha256(path)}"' for path in sorted((models / lang).iterdir()))
        entries.append(
            f'[[model]]\nname = "random-{lang}"\nlanguages = ["{lang}"]\nlicence = "none"\nsource = "random"\n'
            f'directory = "{lang}"\n[model.files]\n{files}\n'
        )
    (models / "manifest.toml").write_text("\n".join(entries), encoding="utf-8")


def translator(models: Path, threads: int, beams: int = 1) -> marian.MarianTranslator:
    """Our runtime over the random models, with pinned lengths."""
    decoding = marian.Decoding(beam_size=beams, pinned=True)
    return marian.load(builtin=models, device="cpu", threads=threads, decoding=decoding)


def speedup(checkpoint: Path, models: Path, lines: Sequence[str], pairs: int, threads: int) -> dict[str, float]:
    """How many times faster CTranslate2 int8 is than transformers float32, greedy and with four beams."""
    try:
        import torch
        from transformers import MarianMTModel, MarianTokenizer
    except ImportError as error:
        sys.exit(f"the reference needs PyTorch ({error}): pip install newsfold[convert], or pass --no-reference")
    torch.set_num_threads(threads)
    network = MarianMTModel.from_pretrained(checkpoint, dtype=torch.float32)
    network.train(False)
    network.generation_config.forced_eos_token_id = None
    tokenizer = MarianTokenizer.from_pretrained(checkpoint)
    model = marian.Marian(models / "fr", device="cpu", compute_type="default", threads=threads)
    tokens = model.tokenize(lines)
    order = sorted(range(len(lines)), key=lambda number: -len(tokens[number]))
    batches = [[lines[number] for number in order[start : start + BATCH]] for start in range(0, len(order), BATCH)]

    def reference(beams: int) -> None:
        for batch in batches:
            inputs = tokenizer(batch, return_tensors="pt", padding=True)
            length = int(inputs.input_ids.shape[1])
            with torch.inference_mode():
                answers = network.generate(
                    **inputs, num_beams=beams, do_sample=False, min_new_tokens=length, max_new_tokens=length
                )
            tokenizer.batch_decode(answers, skip_special_tokens=True)

    def ours(beams: int) -> None:
        tokens = model.tokenize(lines)
        groups = [[tokens[number] for number in group] for group in model.groups(tokens, beams)]
        answers = bare(model, groups, beams, scores=False)
        model.target.decode([answer.hypotheses[0] for answer in answers])

    ours(1)
    found = {}
    for name, beams in (("greedy", 1), ("beam4", 4)):
        times = in_turns(max(pairs, 5), partial(reference, beams), partial(ours, beams))
        found[name] = round(statistics.median(slow / fast for slow, fast in times), 2)
        show(f"transformers float32 / CTranslate2 int8, {name}", times, len(lines))
    return found


def overhead(models: Path, lines: Sequence[str], pairs: int, threads: int) -> float:
    """What the whole stage costs over bare CTranslate2 with scores on the same sentences, as a share: 0.05 is 5 %."""
    stage = translator(models, threads)
    model = marian.Marian(models / "fr", device="cpu", compute_type="default", threads=threads)
    texts = [text(article) for article in articles(lines, 12)]
    tokens = model.tokenize(lines)
    groups = [[tokens[number] for number in group] for group in model.groups(tokens, beams=1)]

    def alone() -> None:
        bare(model, groups, beams=1, scores=True)

    def whole() -> None:
        translate_texts(texts, stage, DictMemory(), second_tries=False)

    alone()
    whole()
    times = in_turns(max(pairs, 9), whole, alone)  # a small difference of large times: more pairs
    show("the whole stage / bare CTranslate2", times, len(lines))
    return round(statistics.median(slow / fast for slow, fast in times) - 1, 4)


def bare(model: marian.Marian, groups: list[list[list[str]]], beams: int, *, scores: bool) -> list[Any]:
    """CTranslate2's answers for batches of tokens, side by side in its threads; the longest of a batch is its first.

    scores: whether a score is asked for, as our stage does, which keeps one for each sentence. It costs about 8 % in
    greedy decoding, since the best token alone needs no softmax; transformers is not asked for one either.
    """
    begun = [
        model.translator.translate_batch(
            group,
            asynchronous=True,
            beam_size=beams,
            max_decoding_length=len(group[0]),
            min_decoding_length=len(group[0]),
            max_input_length=0,
            return_scores=scores,
        )
        for group in groups
    ]
    return [result.result() for group in begun for result in group]


def copies(models: Path, lines: Sequence[str], pairs: int, threads: int) -> float:
    """The time of a feed in which 60 % of the articles are near-copies, as a share of one without any copy.

    Both feeds come as the worker claims them, CLAIM articles at a time, over a memory that is empty at first; they
    have as many articles and as many words, and copies stand among the originals. Articles have 24 sentences: those of
    the development pages' gold texts have 25 (French) and 35 (German) in the median.
    """
    stage = translator(models, threads)
    written = articles(lines, ARTICLE)[: len(lines) // ARTICLE]
    originals = [*written, *(of_its_own(article, "z") for article in written)]
    letters = "abcdefghijklmnopqrs"[: len(originals) * 3 // 2]
    copied = [near_copy(originals[number % len(originals)], letter) for number, letter in enumerate(letters)]
    fresh = [of_its_own(copy, letter) for letter, copy in zip(letters, copied, strict=True)]

    def feed(all_of_it: Sequence[Sequence[str]]) -> None:
        memory = DictMemory()
        for start in range(0, len(all_of_it), CLAIM):
            claim = [text(article) for article in all_of_it[start : start + CLAIM]]
            translate_texts(claim, stage, memory, second_tries=False)

    order = Random(7).sample(range(len(originals) + len(copied)), len(originals) + len(copied))
    with_copies, without = ([[*originals, *rest][number] for number in order] for rest in (copied, fresh))
    times = in_turns(pairs, partial(feed, with_copies), partial(feed, without))
    show("a feed with 60 % near-copies / one without copies", times, (len(originals) + len(copied)) * ARTICLE)
    return round(statistics.median(slow / fast for slow, fast in times), 3)


def of_its_own(article: Sequence[str], letter: str) -> list[str]:
    """The article with a word more in each sentence, so that no other has any of them."""
    return [f"{sentence[:-1]} {letter}{sentence[-1]}" for sentence in article]


def near_copy(article: Sequence[str], letter: str) -> list[str]:
    """The article under another headline, one of its sentences written anew."""
    copied = list(article)
    copied[0] = f"Titre {letter} : {copied[0]}"
    copied[5] = f"{copied[5][:-1]}, selon l'agence {letter}."
    return copied


def memory_mb(models: Path) -> float:
    """Resident memory of a translate worker with two models loaded and used, in MB."""
    program = (
        "import sys; from pathlib import Path\n"
        "try:\n    import workers.tasks\nexcept ImportError: pass\n"
        "from models import marian\n"
        "t = marian.load(builtin=Path(sys.argv[1]), device='cpu', threads=2)\n"
        "lines = ['Le gouvernement a annoncé une nouvelle mesure pour les entreprises du pays.'] * 32\n"
        "for lang in ('fr', 'de'): t.translate(lines, lang)\n"
        "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('VmRSS')][0])\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(models)], capture_output=True, text=True, check=True)
    megabytes = round(int(done.stdout.split()[-1]) / 1024, 1)
    print(f"translate worker with two models: {megabytes} MB resident", flush=True)
    return megabytes


def second_tries(lines: Sequence[str], threads: int) -> None:
    """Print what second tries and repairs cost with the built-in model."""
    stage = marian.load(device="cpu", threads=threads)
    texts = [text(article) for article in articles(lines, 12)]
    translate_texts(texts[:1], stage)
    times = in_turns(
        3,
        lambda: translate_texts(texts, stage, DictMemory()),
        lambda: translate_texts(texts, stage, DictMemory(), second_tries=False),
    )
    show("built-in model, with second tries / without", times, len(lines))


def articles(lines: Sequence[str], sentences: int) -> list[list[str]]:
    """The sentences in articles of so many."""
    return [list(lines[start : start + sentences]) for start in range(0, len(lines), sentences)]


def text(article: Sequence[str]) -> Text:
    """One article as the stage takes it: a sentence a line, all French."""
    joined = "\n".join(article)
    return joined, (Span(0, len(joined), "fr"),)


def in_turns(pairs: int, one: Callable[[], object], other: Callable[[], object]) -> list[tuple[float, float]]:
    """Seconds of both, run in turns; which goes first changes from pair to pair."""
    times = []
    for number in range(pairs):
        first, second = (one, other) if number % 2 == 0 else (other, one)
        a, b = seconds(first), seconds(second)
        times.append((a, b) if number % 2 == 0 else (b, a))
    return times


def seconds(work: Callable[[], object]) -> float:
    began = _clock()
    work()
    return _clock() - began


def show(what: str, times: Sequence[tuple[float, float]], sentences: int) -> None:
    """Print a comparison: each pair's seconds, the median ratio, sentences a second of either."""
    ratio = statistics.median(slow / fast for slow, fast in times)
    rates = [sentences / statistics.median(pair[side] for pair in times) for side in (0, 1)]
    pairs = ", ".join(f"{slow:.2f}/{fast:.2f}" for slow, fast in times)
    print(f"{what}: {ratio:.2f} ({pairs} s; {rates[0]:.1f} and {rates[1]:.1f} sentences/s)", flush=True)


if __name__ == "__main__":
    main()
