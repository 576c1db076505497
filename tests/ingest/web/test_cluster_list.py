"""The list of clusters: what it can be narrowed to, how it is paged, and what of a large cluster is shown."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import update

from ingest.store.duplicates import cluster_listing
from ingest.store.duplicates.cluster_listing import ClusterChoice, list_clusters
from ingest.store.engine import Database
from ingest.store.schema import matches, members
from ingest.types import Copy
from ingest.web.ui.clusters import FOLDED

from .conftest import GERMAN, Newsroom


@pytest.fixture(params=["named", "walked"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to find what fits a filter: named outright, and asked while the list is walked."""
    if request.param == "walked":
        monkeypatch.setattr(cluster_listing, "FEW", -1)


def shown(client: TestClient, path: str) -> set[str]:
    page = html.fromstring(client.get(path).text)
    return {href.rsplit("/", 1)[1] for href in page.xpath("//h2/a/@href")}


def test_list_is_narrowed_to_clusters_with_a_member_that_fits(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    mixed = newsroom.cluster(newsroom.article(), newsroom.article(GERMAN, lang="de", source="Der Bote"))
    french = newsroom.cluster(newsroom.article(), newsroom.article(), rule="weighed-evidence", exact=0.4)
    newsroom.article(GERMAN, lang="de", source="Der Bote")  # stands alone
    teaser = newsroom.article()
    other = newsroom.cluster(newsroom.article(), teaser)
    with database.writing() as connection:
        connection.execute(update(members).where(members.c.article_id == teaser).values(kind="teaser"))
        beyond = matches.c.rule != "weighed-evidence"
        connection.execute(update(matches).where(beyond).values(score=9.0))
    assert shown(client, "/clusters") == {mixed, french, other}
    assert shown(client, "/clusters?lang=de") == {mixed}
    assert shown(client, "/clusters?lang=fr&order=size") == {mixed, french, other}
    assert shown(client, "/clusters?source=Der+Bote") == {mixed}
    assert shown(client, "/clusters?kind=teaser&order=weakest") == {other}
    assert shown(client, "/clusters?undecided=1") == {french}
    assert shown(client, "/clusters?lang=de&undecided=1") == set()
    assert shown(client, "/clusters?lang=es") == set()
    assert client.get("/clusters?kind=nothing").status_code == 422


@pytest.mark.parametrize("order", ["changed", "size", "weakest"])
def test_narrowed_list_leads_through_every_cluster_once(
    database: Database, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(cluster_listing, "LOOKED_AT", 3)
    made = []
    for number in range(13):
        lang, pairs = ("de", {"pairs": GERMAN}) if number % 4 == 1 else ("fr", {})
        pair = [newsroom.article(lang=lang, **pairs) for _ in range(2 + number % 3)]
        made.append((lang, newsroom.cluster(*pair, exact=0.5 + number % 5 / 100)))
    seen: list[str] = []
    cursor, pages = None, 0
    with database.reading() as connection:
        while pages == 0 or cursor is not None:
            page = list_clusters(connection, ClusterChoice(lang="de"), order=order, cursor=cursor, limit=2)
            seen += [row.id for row in page.rows]
            cursor, pages = page.next, pages + 1
    assert sorted(seen) == sorted(id_ for lang, id_ in made if lang == "de")
    assert len(seen) == 3


def test_filters_and_order_stay_in_the_address(client: TestClient, newsroom: Newsroom) -> None:
    for _ in range(52):
        newsroom.cluster(newsroom.article(), newsroom.article())
    page = html.fromstring(client.get("/clusters?lang=fr&kind=translated&order=size").text)
    (following,) = page.xpath("//a[@rel='next']/@href")
    assert {"lang=fr", "kind=translated", "order=size"} <= set(following.partition("?")[2].split("&"))
    assert len(html.fromstring(client.get(following).text).xpath("//h2/a")) == 2
    assert page.xpath("//nav[@aria-label='Order']/a/@href")[2] == "/clusters?order=weakest&lang=fr&kind=translated"
    assert page.xpath("//option[@selected]/text()") == ["French", "translation"]
    assert "first seen" in page.text_content()


def test_members_of_a_large_cluster_are_folded(client: TestClient, newsroom: Newsroom) -> None:
    ids = [newsroom.article() for _ in range(FOLDED + 5)]
    cluster = newsroom.cluster(ids[-1], *ids[:-1])  # the latest is the representative: it is shown nonetheless
    rows = "//table[@class='members']/tbody/tr"
    folded = html.fromstring(client.get(f"/clusters/{cluster}").text)
    assert len(folded.xpath(rows)) == FOLDED + 1
    assert len(folded.xpath(f"{rows}[@class='is-head']")) == 1
    (link,) = folded.xpath("//p[@class='further']/a/@href")
    whole = html.fromstring(client.get(link).text)
    assert len(whole.xpath(rows)) == FOLDED + 5
    assert set(whole.xpath("//input[@name='back']/@value")) >= {f"/clusters/{cluster}?all=1"}


def test_kinds_of_members_are_counted_whatever_they_are(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    cluster = newsroom.cluster(newsroom.article(), *(newsroom.article() for _ in range(2 * len(Copy))))
    with database.writing() as connection:
        rows = connection.scalars(members.select().with_only_columns(members.c.article_id)).all()
        for place, id_ in enumerate(rows[1:]):
            kind = list(Copy)[place % len(Copy)]
            connection.execute(update(members).where(members.c.article_id == id_).values(kind=kind))
    assert client.get(f"/clusters/{cluster}").status_code == 200
