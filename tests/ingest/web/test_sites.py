"""What sites repeat, and what people say about it."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import select

from ingest.extract import fingerprint
from ingest.store.engine import Database
from ingest.store.schema import documents, site_pins
from ingest.store.sources import site_memory
from ingest.types import Block, BlockKind, State

from .conftest import Newsroom
from .test_acts import acts, csrf
from .test_pages import text_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WALL = "Abonnez-vous pour lire la suite"


def seen(database: Database, times: int) -> None:
    """A site that showed the same line in so many articles."""
    with database.writing() as connection:
        for number in range(times):
            blocks = {fingerprint(WALL): WALL, fingerprint(f"news {number}"): f"news {number}"}
            site_memory.learn(connection, "example.org", f"d{number}", blocks, NOW)


def standing(database: Database) -> list[tuple[bool, str]]:
    with database.reading() as connection:
        rows = connection.execute(select(site_pins).where(site_pins.c.undone_at.is_(None)))
        return [(row.keep, row.sample) for row in rows]


def test_site_shows_what_it_repeats_with_counts(client: TestClient, database: Database) -> None:
    seen(database, 3)
    assert "example.org" in client.get("/sites").text
    rows = text_of(client.get("/sites/example.org").text, "//tbody/tr")
    assert len(rows) == 1
    assert rows[0].startswith(f"{WALL} 3 of 3")
    assert client.get("/sites/other.example").status_code == 404


def test_block_is_pinned_and_the_pin_taken_back(client: TestClient, database: Database) -> None:
    seen(database, 3)
    token = {"csrf": csrf(client)}
    for word, keep in (("keep", True), ("drop", False)):
        pinned = client.post("/sites/example.org/pins", data=token | {"block": fingerprint(WALL).hex(), "word": word})
        assert standing(database) == [(keep, WALL)]
        assert f"always {'kept' if keep else 'dropped'}" in pinned.text
    (undo,) = html.fromstring(pinned.text).xpath("//div[@class='done']//form/@action")
    client.post(undo, data=token | {"back": "/sites/example.org"})
    assert standing(database) == []
    assert acts(database) == [("pin", "site:example.org")] * 2 + [("undo-pin", "site:example.org")]


def test_unknown_block_is_not_pinned(client: TestClient, database: Database) -> None:
    answer = client.post("/sites/example.org/pins", data={"csrf": csrf(client), "block": "00" * 8, "word": "keep"})
    assert answer.status_code == 404
    assert standing(database) == []


def test_struck_out_block_is_kept_where_it_stands_and_the_page_read_again(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    wall = Block(WALL, BlockKind.BOILERPLATE, kept=False, rule="subscribe")
    id_ = newsroom.article(removed=(Block("-", BlockKind.METADATA, kept=False, rule="date-line"), wall))
    page = html.fromstring(client.get(f"/articles/{id_}").text)
    (form,) = page.xpath(f"//form[@action='/articles/{id_}/keep']")
    assert form.xpath("./input[@name='block']/@value") == ["1"]
    done = client.post(f"/articles/{id_}/keep", data={"csrf": csrf(client), "block": "1"})
    assert "being read again" in done.text
    assert standing(database) == [(True, WALL)]
    with database.reading() as connection:
        row = connection.execute(select(documents).where(documents.c.id == id_)).one()
    assert (row.stage, row.state) == ("extract", State.PENDING)
    assert client.post(f"/articles/{id_}/keep", data={"csrf": csrf(client), "block": "99"}).status_code == 404


def test_sites_are_listed_page_by_page(database: Database) -> None:
    with database.writing() as connection:
        for number in range(7):
            for article in range(number % 3 + 1):
                site_memory.learn(connection, f"s{number}.example", f"{number}-{article}", {}, NOW)
        listed, cursor = [], None
        while True:
            page = site_memory.list_sites(connection, cursor=cursor, limit=2)
            listed += [(site.name, site.articles) for site in page.rows]
            if (cursor := page.next) is None:
                break
        assert listed == sorted(listed, key=lambda row: (row[1], row[0]), reverse=True)
        assert len(listed) == 7
