"""The command `ingest feeds`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ingest.cli.feeds import app
from tests.ingest.pipeline.polling import RSS, empty_database, item, rss
from tests.site import Site, answer, open_site

OPML = """<opml version="2.0"><body><outline text="Presse"><outline text="A" xmlUrl="https://a.example/feed"/>
<outline text="B" xmlUrl="https://b.example/feed"/></outline></body></opml>"""


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        yield site


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment of its own, named by the environment as a person would."""
    empty_database(tmp_path)
    monkeypatch.setenv("INGEST_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("INGEST_ALLOW_PRIVATE_HOSTS", "127.0.0.1")
    monkeypatch.setenv("INGEST_FETCH_DEADLINE_S", "2")


def run(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=given)


def listed() -> list[dict[str, object]]:
    return [json.loads(line) for line in run("list", "--json").stdout.splitlines()]


def test_a_feed_is_added_with_its_title_and_tags_once(site: Site) -> None:
    url = site.put("/f", rss(item(1, site.url("/1"))), RSS)
    assert run("add", url, "--tag", "news/de").exit_code == 0
    assert "already there" in run("add", url, "--tag", "x").stdout
    (feed,) = listed()
    assert (feed["url"], feed["title"], feed["tags"], feed["state"]) == (url, "Zeitung", ["news/de", "x"], "active")


def test_the_feed_of_a_page_is_found(site: Site) -> None:
    site.put("/rss", rss(item(1, site.url("/1"))), RSS)
    site.put("/", '<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>')
    assert run("add", site.url("/")).exit_code == 0
    assert [feed["url"] for feed in listed()] == [site.url("/rss")]


def test_what_is_no_feed_is_not_added_and_the_others_are(site: Site) -> None:
    page, gone = site.put("/page", "<html><body>Hallo</body></html>"), site.url("/gone")
    good = site.put("/f", rss(item(1, site.url("/1"))), RSS)
    done = run("add", page, gone, "http://10.0.0.1/feed", "nonsense", good)
    assert done.exit_code == 1
    assert [line.startswith("ingest: ") for line in done.stderr.splitlines()] == [True] * 4
    assert [feed["url"] for feed in listed()] == [good]


def test_a_site_that_does_not_answer_now_is_believed(site: Site) -> None:
    done = run("add", "http://127.0.0.1:9/feed")
    assert done.exit_code == 0 and "unseen" in done.stdout


def test_a_feed_is_paused_resumed_and_removed_by_address_or_id(site: Site) -> None:
    url = site.put("/f", rss(item(1, site.url("/1"))), RSS)
    run("add", url)
    feed_id = str(listed()[0]["id"])
    run("pause", url)
    assert listed()[0]["state"] == "paused"
    run("resume", feed_id)
    assert listed()[0]["state"] == "active"
    assert run("show", url).exit_code == run("poll", feed_id).exit_code == run("list").exit_code == 0
    assert run("remove", feed_id).exit_code == 0
    assert listed() == []
    assert "No feeds" in run("list").stdout


def test_an_unknown_feed_is_named_and_the_others_go_through(site: Site) -> None:
    url = site.put("/f", rss(), RSS)
    run("add", url, "--unchecked")
    done = run("pause", "nonsense", url)
    assert done.exit_code == 1 and "nonsense" in done.stderr
    assert listed()[0]["state"] == "paused"


def test_check_says_what_is_in_a_feed_and_keeps_nothing(site: Site) -> None:
    dated = "<pubDate>Sat, 21 Nov 2020 09:30:00 GMT</pubDate>"
    url = site.put("/f", rss(item(1, site.url("/1"), more=dated), channel="<ttl>60</ttl>"), RSS, ETag='"v"')
    done = run("check", url, "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert (report["kind"], report["entries"], report["validators"]) == ("rss", 1, "etag")
    assert report["newest"] == "2020-11-21T09:30:00+00:00"
    assert listed() == []
    site.pages["/gone"] = answer(410)
    assert run("check", site.url("/gone")).exit_code == 1


def test_a_list_goes_in_and_out_without_loss(tmp_path: Path) -> None:
    (tmp_path / "in.opml").write_text(OPML)
    assert "2 new, 0 there already" in run("import", str(tmp_path / "in.opml")).stdout
    assert "0 new, 2 there already" in run("import", "-", given=OPML).stdout
    run("pause", "https://b.example/feed")
    before = listed()
    for name in ("out.opml", "out.toml"):
        assert run("export", str(tmp_path / name)).exit_code == 0
        for feed in before:
            run("remove", str(feed["id"]))
        assert run("import", str(tmp_path / name)).exit_code == 0
        after = listed()
        kept = ("url", "title", "tags", "state", "language", "obey_robots")
        assert [[feed[key] for key in kept] for feed in after] == [[feed[key] for key in kept] for feed in before]
        before = after


def test_bad_lines_of_a_list_are_reported_and_the_rest_is_taken() -> None:
    done = run("import", "-", given=OPML.replace("https://b.example", "gopher://b.example"))
    assert done.exit_code == 1 and "1 new" in done.stdout and "gopher" in done.stderr
