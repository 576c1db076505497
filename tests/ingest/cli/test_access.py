"""`ingest users`, `ingest tokens`, `ingest export`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard
from typer.testing import CliRunner

from ingest.cli.export import export
from ingest.cli.tokens import app as tokens_app
from ingest.cli.users import app as users_app
from ingest.errors import BadInput
from ingest.publish.article import FullArticle
from ingest.store.consumers import tokens
from ingest.store.engine import Database, connect
from ingest.store.migrations import upgrade
from ingest.store.operators import people
from ingest.store.texts import articles, documents
from ingest.types import Article, Page, Span

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("INGEST_DATA_DIR", str(tmp_path))  # where the commands read it from
    made = connect(f"sqlite:///{tmp_path / 'newsfold.sqlite'}")
    upgrade(made)
    return made


def keep(database: Database, number: int, lang: str = "fr") -> str:
    with database.writing() as connection:
        page = Page(f"Texte {number}".encode(), "text/plain", None, None, NOW)
        id_ = documents.admit_page(connection, page, origin="file").document_id
        text = f"Text {number}"
        spans = (Span(0, 7, lang),)
        made = Article(id_, 1, None, None, None, NOW, None, NOW, "", text, "", f"Texte {number}", lang, spans, ())
        articles.save(connection, made, text_digest="")
    return id_


def test_token_is_printed_once_works_and_is_revoked(database: Database) -> None:
    runner = CliRunner()
    made = json.loads(runner.invoke(tokens_app, ["add", "newsletter", "--scope", "read", "--json"]).stdout)
    with database.reading() as connection:
        found = tokens.whose_token(connection, made["token"])
    assert found is not None
    listed = runner.invoke(tokens_app, ["list", "--json"]).stdout
    assert made["token"] not in listed
    assert json.loads(listed)["name"] == "newsletter"
    assert runner.invoke(tokens_app, ["revoke", made["id"]]).exit_code == 0
    with database.reading() as connection:
        assert tokens.whose_token(connection, made["token"]) is None


def test_person_gets_a_password_that_fits(database: Database) -> None:
    runner = CliRunner()
    password = runner.invoke(users_app, ["add", "maria", "--role", "operator"]).stdout.splitlines()[0]
    with database.reading() as connection:
        maria = people.find(connection, "maria")
    assert maria is not None
    assert maria.role == "operator"
    assert people.verify(maria, password)
    assert isinstance(runner.invoke(users_app, ["add", "maria"]).exception, BadInput)
    assert isinstance(
        runner.invoke(users_app, ["password", "maria", "--password-stdin"], input="short\n").exception, BadInput
    )


def test_export_writes_every_article_as_the_interface_gives_it(database: Database, tmp_path: Path) -> None:
    made = {keep(database, number) for number in range(3)} | {keep(database, 9, "de")}
    export(tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert {FullArticle.model_validate_json(line).id for line in lines} == made
    export(tmp_path / "de.jsonl.zst", lang="de", slim=True)
    with zstandard.open(tmp_path / "de.jsonl.zst", "rt", encoding="utf-8") as file:
        assert [json.loads(line)["lang"] for line in file] == ["de"]


def test_export_since_a_number_has_only_what_changed_after_it(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(database, 1)
    export(tmp_path / "first.jsonl")
    since = int(capsys.readouterr().err.split("--since ")[1])
    later = keep(database, 2)
    export(tmp_path / "second.jsonl", since=since)
    ids = [json.loads(line)["id"] for line in (tmp_path / "second.jsonl").read_text(encoding="utf-8").splitlines()]
    assert ids == [later]
    with pytest.raises(BadInput, match="newest change"):
        export(tmp_path / "third.jsonl", since=99)
