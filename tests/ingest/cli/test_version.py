"""What the command says of itself."""

from __future__ import annotations

from importlib.metadata import version

from typer.testing import CliRunner

from ingest.cli import app


def test_version_is_the_installed_distributions() -> None:
    answer = CliRunner().invoke(app, ["--version"])
    assert answer.exit_code == 0
    assert answer.stdout == f"ingest {version('newsfold')}\n"
