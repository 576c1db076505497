"""People and tokens, as an administrator sees and changes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from lxml import html

from ingest.settings import Settings
from ingest.store.consumers import tokens
from ingest.store.engine import Database
from ingest.store.operators import people
from ingest.store.operators.people import Role
from ingest.web.app import create_app

from .test_acts import acts

PASSWORD = "a long enough password"


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    """A console with log-in, an administrator and an operator."""
    with database.writing() as connection:
        people.add(connection, "ada", Role.ADMIN, PASSWORD)
        people.add(connection, "otto", Role.OPERATOR, PASSWORD)
    with TestClient(create_app(Settings(data_dir=tmp_path), database=database), base_url="http://localhost") as made:
        yield made


def logged_in(client: TestClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    """Log in; returns what forms carry."""
    client.cookies.clear()
    assert client.post("/login", data={"name": name, "password": password}).status_code == 200
    found = re.search(r'name="csrf" value="(\w+)"', client.get("/").text)
    assert found is not None
    return {"csrf": found[1]}


def secret(answer: str) -> str:
    (word,) = html.fromstring(answer).xpath("//code[@class='secret-word']/text()")
    return str(word)


def test_person_is_added_with_a_password_that_is_shown_once_and_works(client: TestClient) -> None:
    token = logged_in(client, "ada")
    password = secret(client.post("/access/people", data=token | {"name": "maria", "role": "operator"}).text)
    assert password not in client.get("/access").text
    token = logged_in(client, "maria", password)
    assert client.get("/access").status_code == 403
    assert client.post("/access/people", data=token | {"name": "eve", "role": "admin"}).status_code == 403


def test_reset_password_ends_sessions_and_replaces_the_old_one(client: TestClient, database: Database) -> None:
    logged_in(client, "otto")
    cookie = dict(client.cookies)
    token = logged_in(client, "ada")
    password = secret(client.post("/access/people/otto/password", data=token).text)
    client.cookies.clear()
    client.cookies.update(cookie)
    assert client.get("/articles", follow_redirects=False).status_code == 303
    with database.reading() as connection:
        otto = people.find(connection, "otto")
    assert people.verify(otto, password)
    assert not people.verify(otto, PASSWORD)


def test_roles_change_and_people_are_disabled_and_let_in_again(client: TestClient, database: Database) -> None:
    token = logged_in(client, "ada")
    client.post("/access/people/otto/role", data=token | {"role": "reader"})
    for act, disabled in (("disable", True), ("enable", False)):
        client.post(f"/access/people/otto/{act}", data=token)
        with database.reading() as connection:
            otto = people.find(connection, "otto")
        assert otto is not None
        assert (otto.role, otto.disabled is not None) == (Role.READER, disabled)
    names = ["set-role", "disable-person", "enable-person"]
    assert acts(database)[1:] == [(name, "person:otto") for name in names]  # the first is the log-in


def test_administrator_cannot_shut_themself_out(client: TestClient, database: Database) -> None:
    token = logged_in(client, "ada")
    assert client.post("/access/people/ada/disable", data=token).status_code == 409
    assert client.post("/access/people/ada/role", data=token | {"role": "reader"}).status_code == 409
    assert client.get("/access").status_code == 200


def test_token_is_made_shown_once_used_and_revoked(client: TestClient, database: Database) -> None:
    form = logged_in(client, "ada")
    made = client.post("/access/tokens", data=form | {"name": "newsletter", "scopes": ["read"], "days": "90"})
    word = secret(made.text)
    client.cookies.clear()
    asked = {"Authorization": f"Bearer {word}"}
    assert client.get("/v1/articles", headers=asked).status_code == 200
    form = logged_in(client, "ada")
    page = client.get("/access").text
    assert word not in page
    assert "just now" in page  # last used
    with database.reading() as connection:
        (token,) = tokens.all_tokens(connection)
    assert token.expires is not None
    client.post(f"/access/tokens/{token.id}/revoke", data=form)
    client.cookies.clear()
    assert client.get("/v1/articles", headers=asked).status_code == 401


def test_token_without_a_scope_is_refused_with_the_reason(client: TestClient) -> None:
    answer = client.post("/access/tokens", data=logged_in(client, "ada") | {"name": "x"})
    assert answer.status_code == 422
    assert "at least one of read, ingest, admin" in answer.text
