"""`ingest eval`: the same figures as the scorers beside the evaluation data, one file a stage."""

from __future__ import annotations

import typer

from ingest.cli.lazy import lazy_group

MEASURES: dict[str, tuple[str, str, str]] = {
    "clean": ("clean", "clean", "Extraction: shingle and line F1 of pages and of text with furniture in it."),
    "detect": ("detect", "detect", "Language: accuracy on fragments, and by word in mixed documents."),
    "translate": ("translate", "translate", "Translation: BLEU, chrF, numbers found again, flags, sentences a second."),
    "dedup": ("dedup", "dedup", "Clustering: P, R and F1 of pairs, within and across languages; related coverage."),
}

app = typer.Typer(cls=lazy_group("ingest.cli.evaluation", MEASURES), no_args_is_help=True, add_completion=False)


@app.callback()
def _about() -> None:
    """Measure extraction, language, translation and clustering.

    Example: ingest eval detect --data DIR
    """
