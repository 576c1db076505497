"""What the console shows."""

from __future__ import annotations

from dataclasses import replace

from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import update

from ingest.store.schema import articles, clusters
from ingest.store.texts import articles as store
from ingest.types import Block, BlockKind, State

from .conftest import GERMAN, Newsroom


def text_of(answer: str, path: str) -> list[str]:
    return [" ".join(node.text_content().split()) for node in html.fromstring(answer).xpath(path)]


def test_article_stands_beside_its_original_sentence_by_sentence(client: TestClient, newsroom: Newsroom) -> None:
    page = client.get(f"/articles/{newsroom.article()}")
    assert page.status_code == 200
    assert text_of(page.text, "//*[@class='source-side'][@lang='fr']")[1].startswith("La préfecture a débloqué 3,4")
    assert text_of(page.text, "//*[@class='english-side']")[1].startswith("The prefecture released 3.4")


def test_removed_block_is_struck_out_in_its_place_with_its_rule(client: TestClient, newsroom: Newsroom) -> None:
    wall = Block("Abonnez-vous ici !", BlockKind.BOILERPLATE, kept=False, rule="subscribe", evidence="abonnez-vous")
    page = client.get(f"/articles/{newsroom.article(removed=(wall,))}")
    assert text_of(page.text, "//del") == ["Abonnez-vous ici !"]
    assert text_of(page.text, "//*[@class='why']/p") == ["Removed subscribe abonnez-vous"]
    first = html.fromstring(page.text).xpath("//*[@class='source-side']")[0]
    assert "Abonnez-vous" in first.text_content()


def test_cluster_says_why_its_members_are_together(client: TestClient, newsroom: Newsroom) -> None:
    french = newsroom.article()
    german = newsroom.article(GERMAN, lang="de", source="Der Bote", original_title="Der Staudamm")
    page = client.get(f"/clusters/{newsroom.cluster(french, german)}")
    assert page.status_code == 200
    assert len(text_of(page.text, "//table[@class='members']/tbody/tr")) == 2
    assert "The Lunaise dam will be repaired before winter" in " ".join(text_of(page.text, "//mark"))
    assert "said" in " ".join(text_of(page.text, "//*[@class='differs']"))
    assert "stems" in page.text


def test_merged_cluster_leads_to_the_one_it_lives_on_in(client: TestClient, newsroom: Newsroom) -> None:
    old = newsroom.cluster(newsroom.article())
    new = newsroom.cluster(newsroom.article())
    with newsroom.database.writing() as connection:
        connection.execute(update(clusters).where(clusters.c.id == old).values(merged_into=new))
    answer = client.get(f"/clusters/{old}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"/clusters/{new}")


def test_lists_lead_through_every_article_once(client: TestClient, newsroom: Newsroom) -> None:
    made = {newsroom.article() for _ in range(60)}
    seen: list[str] = []
    url = "/articles"
    while url:
        page = html.fromstring(client.get(url).text)
        seen += [href.rsplit("/", 1)[1] for href in page.xpath("//h2/a/@href")]
        url = next(iter(page.xpath("//a[@rel='next']/@href")), "")
    assert len(seen) == 60
    assert set(seen) == made


def test_document_without_an_article_says_where_it_ended(client: TestClient, newsroom: Newsroom) -> None:
    ended = newsroom.ended(State.REJECTED, "no-text", "The page holds no text.")
    page = client.get(f"/articles/{ended}")
    assert page.status_code == 200
    assert "The page holds no text." in page.text
    listed = client.get("/documents?state=rejected&reason=no-text")
    assert ended in listed.text


def test_unknown_names_are_404_for_people_and_wrong_parameters_422(client: TestClient) -> None:
    assert client.get("/articles/nothing").status_code == 404
    assert client.get("/clusters/nothing").status_code == 404
    assert client.get("/articles?cursor=nonsense").status_code == 422
    assert "<html" in client.get("/nowhere").text


def test_foreign_markup_is_shown_as_text(client: TestClient, newsroom: Newsroom) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    id_ = newsroom.article(((evil, evil),), title=evil, original_title=evil + "!", source=evil)
    with newsroom.database.writing() as connection:  # the door lets no such address in; an older one may have
        connection.execute(update(articles).where(articles.c.id == id_).values(url="javascript:alert(3)//"))
    for path in (
        "/articles",
        f"/articles/{id_}",
        f"/articles/{id_}?view=english",
        f"/clusters/{newsroom.cluster(id_)}",
    ):
        page = html.fromstring(client.get(path).text)
        assert not page.xpath("//script[not(@src)] | //img | //*[@onerror]")
        assert not [href for href in page.xpath("//@href") if href.lower().startswith("javascript")]
        assert "alert(1)" in page.text_content()


def test_every_page_forbids_what_is_not_ours(client: TestClient, newsroom: Newsroom) -> None:
    for path in ("/articles", "/clusters", "/documents", f"/articles/{newsroom.article()}", "/nowhere"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        page = html.fromstring(answer.text)
        assert not page.xpath("//style | //script[not(@src)] | //@style | //@onclick")
        assert not [src for src in page.xpath("//script/@src | //link/@href") if not src.startswith("/static/")]


def test_another_host_name_is_refused(client: TestClient) -> None:
    assert client.get("/articles", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/articles", headers={"host": "127.0.0.1:9"}).status_code == 200


def test_former_revision_stands_beside_what_replaced_it(client: TestClient, newsroom: Newsroom) -> None:
    id_ = newsroom.article()
    with newsroom.database.writing() as connection:
        article = store.load(connection, id_)
        assert article is not None
        changed = replace(article, text=article.text.replace("3.4 million", "3.9 million"))
        store.save(connection, changed, text_digest="")
    assert f"/articles/{id_}/revisions/1" in client.get(f"/articles/{id_}").text
    page = client.get(f"/articles/{id_}/revisions/1")
    assert (text_of(page.text, "//del"), text_of(page.text, "//ins")) == (["3.4"], ["3.9"])
    assert client.get(f"/articles/{id_}/revisions/7").status_code == 404
