"""What the console is handed: the only place where the web meets the pipeline and the models."""

from __future__ import annotations

from fastapi import FastAPI

from ingest.pipeline import decisions
from ingest.pipeline.remove import take_down
from ingest.settings import Settings
from ingest.web.app import create_app
from ingest.web.handed import Handed
from models import manifest
from workers.scout import look


def console(chosen: Settings) -> FastAPI:
    """The web application with everything that its pages can have done."""
    given = Handed(
        take_down=take_down,
        scout=lambda url: look(url, chosen),
        shelf=lambda: manifest.read(data_dir=chosen.data_dir),
    )
    return create_app(chosen, judge=decisions, handed=given)
