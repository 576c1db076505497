"""A site to ask, and a runtime on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.pipeline.runtime import Runtime
from tests.databases import KINDS
from tests.ingest.pipeline.polling import open_runtime
from tests.site import Site, open_site


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        yield site


@pytest.fixture(params=KINDS)
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    with open_runtime(request.param, tmp_path) as held:
        yield held
