"""A stored page becomes a document; what its site repeats is learned by every process."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from ingest.language import Identifier
from ingest.pipeline.extract import extract_page
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings
from ingest.store import migrations
from ingest.store.engine import connect
from ingest.store.texts import documents, extractions
from ingest.types import Document, Page, Stage

POLICY = (
    "Our reporters follow the rules of the Northbridge press council, and every correction is shown below the text."
)
SLOGAN = "Northbridge, first thing in the morning"
SUBJECTS = ("harbour", "school", "bridge", "library", "market", "river", "theatre", "station", "orchard", "museum")


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    made = open_runtime(tmp_path)
    migrations.upgrade(made.database)
    yield made
    made.database.close()


def open_runtime(folder: Path) -> Runtime:
    settings = Settings(data_dir=folder)
    return Runtime(connect(settings.sqlalchemy_url), settings, "test:1:1", Identifier(), cast(Any, None))


def lines(number: int) -> list[str]:
    """An article of its own with what the site says under each one."""
    rng = random.Random(number)
    first, second = rng.sample(SUBJECTS, 2)
    return [
        f"The {first} beside the {second} reopens after {number + 3} years",
        f"The {first} of the old town opens again on day {number} after repairs that cost {number + 20} million euros.",
        f"Engineers found in the {second} what nobody had looked for, and the work took {number + 2} months longer.",
        f"The mayor said that the {first} belongs to everybody, and that number {number} was not the last one.",
        SLOGAN,
        POLICY,
    ]


def extracted(runtime: Runtime, number: int) -> Document:
    url = f"https://news.example.org/{number}"
    page = Page("\n".join(lines(number)).encode(), "text/plain", None, url, datetime.now(UTC), title=lines(number)[0])
    with runtime.database.writing() as connection:
        document_id = documents.admit_page(connection, page, origin="url").document_id
    assert extract_page(document_id, runtime) == Stage.TRANSLATE
    with runtime.database.reading() as connection:
        found = extractions.load(connection, document_id)
    assert found is not None
    return found[0]


def learn_in_another_process(folder: str) -> None:
    runtime = open_runtime(Path(folder))
    for number in range(5):
        extracted(runtime, number)
    runtime.database.close()


def test_a_page_becomes_a_document_for_the_translator(runtime: Runtime) -> None:
    assert extracted(runtime, 0).text.startswith("The ")


def test_what_one_process_saw_on_a_site_another_knows(runtime: Runtime, tmp_path: Path) -> None:
    assert POLICY in extracted(runtime, 90).text
    worker = multiprocessing.get_context("spawn").Process(target=learn_in_another_process, args=(str(tmp_path),))
    worker.start()
    worker.join(120)
    assert worker.exitcode == 0
    document = extracted(runtime, 91)
    assert POLICY not in document.text
    assert SLOGAN not in document.text
    assert all(line in document.text for line in lines(91)[1:4])
    rules = {block.text: (block.rule, block.evidence) for block in document.blocks}
    assert rules[POLICY] == ("site-repeat", "in 6 of 6 other articles of example.org")
