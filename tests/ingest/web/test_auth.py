"""Who may see and do what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import insert, text

from ingest.errors import Misconfigured
from ingest.settings import Settings
from ingest.store.consumers import tokens
from ingest.store.consumers.tokens import Scope
from ingest.store.engine import Database
from ingest.store.operators import people
from ingest.store.operators.people import Role
from ingest.store.schema import users
from ingest.web import ui
from ingest.web.app import create_app

PASSWORD = "correct horse battery"


@pytest.fixture
def closed(tmp_path: Path, database: Database) -> Iterator[TestClient]:
    """A console that asks who one is, with one person of each role."""
    with database.writing() as connection:
        for role in Role:
            values = {"name": role, "role": role, "password_hash": hashed(), "created_at": datetime.now(UTC)}
            connection.execute(insert(users).values(values))
    app = create_app(Settings(data_dir=tmp_path), database=database)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as made:
        yield made


@cache
def hashed() -> str:
    return people.hash_password(PASSWORD)  # slow, as it should be: once for all tests


def log_in(client: TestClient, name: str, password: str = PASSWORD, to: str = "/articles") -> int:
    return client.post("/login", data={"name": name, "password": password, "to": to}).status_code


def token(database: Database, *scopes: Scope, days: int | None = None) -> dict[str, str]:
    with database.writing() as connection:
        _, secret = tokens.make(connection, "test", scopes, who="test", days=days)
    return {"authorization": f"Bearer {secret}"}


def test_nobody_sees_anything_without_logging_in(closed: TestClient) -> None:
    routes = [route for part in ui.PARTS for route in part.router.routes if isinstance(route, APIRoute)]
    assert len(routes) >= 6
    for route in routes:
        answer = closed.request(next(iter(route.methods)), re.sub(r"\{\w+\}", "x", route.path))
        assert answer.status_code == 303, route
        assert answer.headers["location"].startswith("/login"), route


def test_every_route_of_the_interface_is_401_without_a_token(closed: TestClient) -> None:
    described = closed.app.openapi()["paths"]  # type: ignore[attr-defined]
    tried = 0
    for path, item in described.items():
        if not path.startswith("/v1/"):
            continue
        for method in item:
            answer = closed.request(method, re.sub(r"\{\w+\}", "x", path), json={})
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            tried += 1
    assert tried >= 8


def test_logging_in_leads_to_the_page_that_was_asked_for(closed: TestClient) -> None:
    assert closed.get("/clusters?order=size").headers["location"] == "/login?to=%2Fclusters%3Forder%3Dsize"
    answer = closed.post("/login", data={"name": "reader", "password": PASSWORD, "to": "/clusters?order=size"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/clusters?order=size")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert closed.get("/clusters").status_code == 200


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_logging_in_never_leads_elsewhere(closed: TestClient, to: str) -> None:
    answer = closed.post("/login", data={"name": "reader", "password": PASSWORD, "to": to})
    assert answer.headers["location"] == "/"


def test_wrong_passwords_lock_the_name_for_a_while(closed: TestClient) -> None:
    for _ in range(people.FREE_TRIES):
        assert log_in(closed, "reader", "not the password") == 401
    assert log_in(closed, "reader") == 429
    assert log_in(closed, "operator") == 303


def test_unknown_name_and_wrong_password_get_the_same_answer(closed: TestClient) -> None:
    unknown = closed.post("/login", data={"name": "nobody", "password": "x" * 12, "to": "/"})
    wrong = closed.post("/login", data={"name": "reader", "password": "x" * 12, "to": "/"})
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.text.replace("nobody", "") == wrong.text.replace('"reader"', '""')


def test_logging_out_ends_the_session_on_the_server(closed: TestClient) -> None:
    log_in(closed, "reader")
    stolen = closed.cookies["newsfold_session"]
    csrf = re.search(r'name="csrf" value="(\w+)"', closed.get("/articles").text)
    assert csrf is not None
    assert closed.post("/logout", data={"csrf": csrf[1]}).status_code == 303
    assert closed.get("/articles", headers={"cookie": f"newsfold_session={stolen}"}).status_code == 303


def test_acting_needs_a_token_of_our_page_and_no_foreign_origin(closed: TestClient) -> None:
    log_in(closed, "operator")
    csrf = re.search(r'name="csrf" value="(\w+)"', closed.get("/articles").text)
    assert csrf is not None
    assert closed.post("/logout").status_code == 403
    assert closed.post("/logout", data={"csrf": "0" * 64}).status_code == 403
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert closed.post("/logout", data={"csrf": csrf[1]}, headers=headers).status_code == 403
    assert closed.get("/articles").status_code == 200


def test_disabled_person_is_out_at_once(closed: TestClient, database: Database) -> None:
    log_in(closed, "reader")
    with database.writing() as connection:
        people.disable(connection, "reader")
    assert closed.get("/articles").status_code == 303
    assert log_in(closed, "reader") == 401


def test_token_does_what_its_scope_says(closed: TestClient, database: Database) -> None:
    read, ingest = token(database, Scope.READ), token(database, Scope.INGEST)
    assert closed.get("/v1/articles", headers=read).status_code == 200
    assert closed.post("/v1/documents", headers=read, json={"text": "Bonjour."}).status_code == 403
    assert closed.get("/v1/articles", headers=ingest).status_code == 403
    assert closed.post("/v1/documents", headers=ingest, json={"text": "Bonjour."}).status_code == 202


def test_revoked_or_expired_token_is_401(closed: TestClient, database: Database) -> None:
    headers = token(database, Scope.READ, days=1)
    with database.writing() as connection:
        connection.execute(text("UPDATE tokens SET expires_at = '2020-01-01 00:00:00'"))
    assert closed.get("/v1/articles", headers=headers).status_code == 401
    headers = token(database, Scope.READ)
    with database.writing() as connection:
        tokens.revoke(connection, tokens.all_tokens(connection)[0].id)
    assert closed.get("/v1/articles", headers=headers).status_code == 401


def test_no_secret_is_kept_in_plain(closed: TestClient, database: Database, tmp_path: Path) -> None:
    secret = token(database, Scope.READ)["authorization"].removeprefix("Bearer ")
    log_in(closed, "reader")
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("web.sqlite*"))
    for plain in (secret, PASSWORD, closed.cookies["newsfold_session"]):
        assert plain.encode() not in stored


def test_first_start_makes_one_administrator_and_says_so_once(
    tmp_path: Path, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        with TestClient(create_app(Settings(data_dir=tmp_path), database=database), base_url="http://localhost"):
            pass
    said = re.findall(r"log in as admin with the password (\S+)", capsys.readouterr().err)
    assert len(said) == 1
    with database.reading() as connection:
        assert people.verify(people.find(connection, "admin"), said[0])


def test_open_console_is_refused_on_an_address_others_reach(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="loopback"):
        create_app(Settings(data_dir=tmp_path, host="0.0.0.0", open_console=True))


def test_who_asks_too_much_is_told_when_to_come_back(tmp_path: Path, database: Database) -> None:
    settings = Settings(data_dir=tmp_path, open_console=True, rate_per_minute=3)
    with TestClient(create_app(settings, database=database), base_url="http://localhost") as client:
        answers = [client.get("/v1/articles") for _ in range(5)]
    assert [a.status_code for a in answers][-1] == 429
    assert answers[0].headers["ratelimit-limit"] == "3"
    assert int(answers[-1].headers["retry-after"]) >= 1
