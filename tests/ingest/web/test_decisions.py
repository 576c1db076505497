"""Deciding in the console: obeyed at once, undone as easily, written down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import update

from ingest.settings import Settings
from ingest.store.duplicates import clusters, decisions, doubt
from ingest.store.engine import Database
from ingest.store.operators import audit
from ingest.store.schema import matches
from ingest.web.app import create_app

from .conftest import Newsroom

DAM = """\
The prefecture announced on Monday that the Lunaise dam would be repaired before winter.
The work will cost 3.4 million euros and will last six months, beginning on 15 April.
A crack of twelve metres had been discovered in January by two engineers of the ministry.
The level of the lake has been lowered by four metres since then, said the prefect Claire Monod.
In the valley the inhabitants remain worried, and the mayor Anne Berthier says they waited enough.
In 1987 a flood had destroyed thirty houses in the villages below and killed two people."""

EDITED = DAM.replace("The level of the lake", "Since then the level of the lake").replace("thirty houses", "30 houses")

VINES = """\
Drought threatens the vineyards of the south, where growers fear for the harvest of the year.
No rain has fallen since the middle of May, and reservoirs stand at a third of their volume.
The association of growers asks the government for help with irrigation and for lower taxes.
Its president Luc Marchand speaks of the worst summer since records began a century ago.
Experts recommend grape varieties from Greece and Portugal that need much less water.
A decision of the ministry of agriculture is expected in September, after the harvest."""


def csrf(client: TestClient) -> dict[str, str]:
    found = re.search(r'name="csrf" value="(\w+)"', client.get("/feeds").text)
    assert found is not None
    return {"csrf": found[1]}


def together(database: Database, one: str, other: str) -> bool:
    with database.reading() as connection:
        places = clusters.of_articles(connection, [one, other])
    return places[one].cluster_id == places[other].cluster_id


def decide(client: TestClient, link: str, one: str, other: str, **more: str) -> None:
    answer = client.post("/decisions", data=csrf(client) | {"link": link, "a": one, "b": other} | more)
    assert answer.status_code == 200, answer.text


def test_member_that_is_no_copy_leaves_at_once_and_undo_brings_it_back(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    one, other = newsroom.clustered(DAM), newsroom.clustered(EDITED)
    assert together(database, one, other)
    decide(client, "cannot-link", one, other, why="another dam")
    assert not together(database, one, other)
    with database.reading() as connection:
        made = decisions.standing(connection)[0]
        noted = audit.recent(connection).rows[0]
    assert (made.who, made.why) == ("local", "another dam")
    assert (noted.act, noted.detail["decision"]) == ("part", made.id)
    client.post(f"/decisions/{made.id}/undo", data=csrf(client))
    assert together(database, one, other)


def test_joined_articles_stand_together_though_nothing_links_them(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    one, other = newsroom.clustered(DAM), newsroom.clustered(VINES)
    assert not together(database, one, other)
    decide(client, "must-link", one, other)
    assert together(database, one, other)
    page = client.get("/decisions")
    assert "One text" in html.fromstring(page.text).text_content()


def test_representative_is_chosen_and_the_choice_undone(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    one, other = newsroom.clustered(DAM), newsroom.clustered(EDITED)
    with database.reading() as connection:
        cluster_id = clusters.of_articles(connection, [one])[one].cluster_id
    back = csrf(client) | {"back": f"/clusters/{cluster_id}"}
    page = client.post(f"/articles/{other}/represent", data=back)
    row = html.fromstring(page.text).xpath("//tr[@class='is-head']//td[@class='title']/a/@href")
    assert row == [f"/articles/{other}"]
    undo = html.fromstring(page.text).xpath("//div[@class='done']//form/@action")
    assert undo == [f"/articles/{one}/represent"]
    page = client.post(undo[0], data=back)
    assert html.fromstring(page.text).xpath("//tr[@class='is-head']//td[@class='title']/a/@href") == [
        f"/articles/{one}"
    ]


def test_contradiction_is_refused_with_what_to_do(client: TestClient, newsroom: Newsroom) -> None:
    one, other = newsroom.clustered(DAM), newsroom.clustered(VINES)
    decide(client, "must-link", one, other)
    answer = client.post("/decisions", data=csrf(client) | {"link": "cannot-link", "a": one, "b": other})
    assert answer.status_code == 422
    assert "undo it first" in html.fromstring(answer.text).text_content()


@pytest.fixture
def doubts(database: Database, newsroom: Newsroom) -> list[tuple[str, str]]:
    """Pairs that were accepted by a narrow margin."""
    pairs = [(newsroom.clustered(DAM), newsroom.clustered(EDITED)), (newsroom.clustered(VINES), "")]
    changed = VINES.replace("Drought threatens", "A drought threatens").replace("a century ago", "in 1926")
    pairs[1] = (pairs[1][0], newsroom.clustered(changed))
    with database.writing() as connection:
        for score, pair in enumerate(pairs):
            a, b = sorted(pair)
            changed_row = update(matches).where(matches.c.a == a, matches.c.b == b)
            assert connection.execute(changed_row.values(score=0.5 + score)).rowcount == 1
    return pairs


def test_queue_shows_the_most_doubtful_pair_until_all_are_decided(
    client: TestClient, database: Database, doubts: list[tuple[str, str]]
) -> None:
    for pair, link in zip(doubts, ("must-link", "cannot-link"), strict=True):
        page = html.fromstring(client.get("/doubtful").text)
        form = page.xpath(f"//form[@action='/decisions'][input[@value='{link}']]")[0]
        assert {form.fields["a"], form.fields["b"]} == set(pair)
        decide(client, link, form.fields["a"], form.fields["b"], back=form.fields["back"])
    assert "No doubt left" in client.get("/doubtful").text
    with database.reading() as connection:
        assert doubt.count(connection) == 0
    assert together(database, *doubts[0])
    assert not together(database, *doubts[1])


def test_skipped_pair_comes_back_and_the_last_decision_is_undone_from_the_queue(
    client: TestClient, database: Database, doubts: list[tuple[str, str]]
) -> None:
    page = html.fromstring(client.get("/doubtful").text)
    skip = page.xpath("//a[@data-key='s']/@href")[0]
    second = html.fromstring(client.get(skip).text)
    form = second.xpath("//form[@action='/decisions'][input[@value='cannot-link']]")[0]
    assert {form.fields["a"], form.fields["b"]} == set(doubts[1])
    decide(client, "cannot-link", form.fields["a"], form.fields["b"])
    first = html.fromstring(client.get("/doubtful").text)
    undo = first.xpath("//form[contains(@action, '/undo')]/@action")[0]
    client.post(undo, data=csrf(client))
    with database.reading() as connection:
        assert doubt.count(connection) == 2
    assert together(database, *doubts[1])


def test_server_without_a_judge_shows_no_forms_and_takes_no_decision(
    tmp_path: Path, database: Database, newsroom: Newsroom
) -> None:
    one, other = newsroom.clustered(DAM), newsroom.clustered(EDITED)
    settings = Settings(data_dir=tmp_path, open_console=True)
    with TestClient(create_app(settings, database=database), base_url="http://localhost") as client:
        with database.reading() as connection:
            cluster_id = clusters.of_articles(connection, [one])[one].cluster_id
        assert "/decisions" not in html.fromstring(client.get(f"/clusters/{cluster_id}").text).xpath("//form/@action")
        answer = client.post("/decisions", data=csrf(client) | {"link": "must-link", "a": one, "b": other})
        assert answer.status_code == 503
