"""The whole interface as its own description promises: no 5xx, no undocumented status, whatever is sent."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ingest.pipeline import decisions
from ingest.settings import Settings
from ingest.store.consumers import tokens
from ingest.store.consumers.tokens import Scope
from ingest.store.engine import Database, connect
from ingest.store.sources import feeds
from ingest.types import State
from ingest.web.app import create_app

from .conftest import GERMAN, Newsroom

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def served(folder: Path, empty_file: Path, *, full: bool) -> tuple[FastAPI, Database, str]:
    copyfile(empty_file, folder / "contract.sqlite")
    database = connect(f"sqlite:///{folder / 'contract.sqlite'}")
    if full:
        newsroom = Newsroom(database)
        french = newsroom.article()
        newsroom.cluster(french, newsroom.article(GERMAN, lang="de"))
        newsroom.related(french, newsroom.article())
        newsroom.ended(State.REMOVED, "takedown", "")
        with database.writing() as connection:
            feeds.add(connection, "https://example.org/feed.xml", title="Le Courrier")
    with database.writing() as connection:
        _, token = tokens.make(connection, "contract", [Scope.ADMIN], who="test")
    given = Settings(data_dir=folder, rate_per_minute=1_000_000, public_url="http://testserver")
    return create_app(given, database=database, judge=decisions), database, token


@pytest.mark.parametrize("full", [False, True], ids=["empty", "full"])
def test_answers_keep_the_description(tmp_path: Path, empty_file: Path, full: bool) -> None:
    app, database, token = served(tmp_path, empty_file, full=full)
    described = schemathesis.openapi.from_asgi("/v1/openapi.json", app)
    tried = []
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path == "/v1/changes/stream":
            continue  # it never ends
        tried.append(operation.label)
        check(operation, token)
    database.close()
    assert len(tried) >= 12


def check(operation: schemathesis.schemas.APIOperation, token: str) -> None:
    """Send many requests to one operation, right ones and wrong ones."""

    @given(case=st.one_of(operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def keeps(case: schemathesis.Case) -> None:
        if operation.path == "/v1/changes" and isinstance(case.query, dict):
            case.query.pop("wait", None)  # waiting is tested elsewhere
        case.call_and_validate(checks=CHECKS, headers={"authorization": f"Bearer {token}"})

    keeps()
