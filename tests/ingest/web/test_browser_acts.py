"""Everything an operator does, with the keyboard alone, on an archive that came in through the real pipeline.

Every act is undone again where it can be. Whatever the browser complains about on the way fails the test: an error on
its console, a dialog, a report of the content security policy.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import select

from ingest.settings import Settings
from ingest.store.duplicates import cluster_listing, doubt
from ingest.store.engine import Database, connect
from ingest.store.operators import people
from ingest.store.schema import articles, documents, site_pins
from ingest.store.sources import feeds
from ingest.store.texts import listing
from ingest.web.app import create_app

from .archive import EVIL, bring
from .test_browser import address, browser, opened, playwright, served  # noqa: F401
from .test_decisions import together

pytestmark = pytest.mark.browser

PASSWORD = "a long enough password"
PAGES_PER_KIND = 3
"""Pages of one kind that the walk over all links looks at."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's database, made once."""
    folder = tmp_path_factory.mktemp("archive")
    bring(Settings(data_dir=folder, log_level="warning"))
    return folder / "newsfold.sqlite"


@pytest.fixture
def database(archive: Path, tmp_path: Path) -> Iterator[Database]:
    copyfile(archive, tmp_path / "web.sqlite")
    made = connect(f"sqlite:///{tmp_path / 'web.sqlite'}")
    yield made
    made.close()


def tab_to(page: playwright.Page, selector: str, most: int = 250) -> None:
    """Press Tab until what the selector means has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{page.url}: no way to {selector} with the Tab key")


def press(page: playwright.Page, *keys: str) -> None:
    """Press keys, the last of which leads to another page."""
    for key in keys[:-1]:
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press(keys[-1])


def kind(path: str) -> str:
    """What kind of page an address leads to: ids, words and cursors left out."""
    plain = re.sub(r"(?<=/)[0-9a-z]{20}|(?<=/sites/)[^?]+|(?<==)[^&]*", "…", path)
    return plain.partition("#")[0]


def test_every_link_leads_to_a_page_without_a_complaint(browser: playwright.Browser, address: str) -> None:  # noqa: F811
    waiting, seen, counted = ["/"], {"/"}, dict[str, int]()
    with opened(browser) as page:
        while waiting:
            path = waiting.pop(0)
            answer = page.goto(address + path)
            assert answer is not None
            assert answer.status in (200, 410), path
            assert page.locator("h1").count() == 1, path
            assert page.locator("main img, main svg[onload], a[href^='javascript' i], iframe").count() == 0, path
            links = page.eval_on_selector_all(
                "a[href^='/'], a[href^='?']", "all => all.map(a => a.pathname + a.search)"
            )
            for link in dict.fromkeys(links):
                if link in seen or link.startswith(("/v1", "/out", "/reference")) or link.endswith(("/page", "ml")):
                    continue
                seen.add(link)
                counted[kind(link)] = counted.get(kind(link), 0) + 1
                if counted[kind(link)] <= PAGES_PER_KIND:
                    waiting.append(link)
    assert {"/articles/…", "/clusters/…", "/sites/…", "/models", "/access", "/doubtful", "/decisions"} <= set(counted)


def test_foul_text_of_a_real_page_stays_text(browser: playwright.Browser, address: str, database: Database) -> None:  # noqa: F811
    with database.reading() as connection:
        foul = connection.execute(select(articles).where(articles.c.source == EVIL[0])).one()
    with opened(browser) as page:
        for view in ("both", "english", "original"):
            page.goto(f"{address}/articles/{foul.id}?view={view}")
            shown = page.locator("main").inner_text()
            for payload in (
                "<script>alert(1)</script>",
                "{{ 7 * 7 }}",
                "'; DROP TABLE articles;--",
                "onerror=alert(2)",
            ):
                assert payload in shown, (view, payload)
            assert page.locator("main script, main img, main style, main iframe").count() == 0


def test_queue_is_worked_at_human_pace(browser: playwright.Browser, address: str, database: Database) -> None:  # noqa: F811
    """Twenty pairs: four to six seconds to look at each, which are counted and not slept, and what the pages took."""
    pace = random.Random(8)
    keys, spent, thought = 0, 0.0, 0.0
    with opened(browser) as page:
        page.goto(address + "/doubtful")
        loads: list[str] = []
        page.on("load", lambda loaded: loads.append(loaded.url))
        for number in range(20):
            assert page.locator("h1").inner_text() == "Is this one text?"
            assert page.locator("mark").count() > 0, "what they share is seen without another page"
            thought += pace.uniform(4, 6)
            acts = (
                ["n", "u", "y"]
                if number in (6, 13)
                else ["j", "y"]
                if number % 5 == 0
                else ["y" if number % 3 else "n"]
            )
            for act in acts:
                begun = time.perf_counter()
                if act == "j":
                    page.keyboard.press(act)
                else:
                    press(page, act)
                spent += time.perf_counter() - begun
                keys += 1
            thought += 2.0 * (len(acts) - 1)  # a second look, and one at what came back
        pages = len(loads)
    with database.reading() as connection:
        undecided = doubt.count(connection)
    print(f"20 pairs: {keys} keys, {pages} pages, {spent:.1f} s of pages, {thought:.0f} s of looking; {undecided} left")
    corrected = 2 * 2  # two were decided wrongly, undone and decided again: two more pages each
    assert keys / 20 <= 3
    assert (pages - corrected) / 20 <= 1
    assert spent + thought < 180


def test_cluster_is_changed_and_changed_back(browser: playwright.Browser, address: str, database: Database) -> None:  # noqa: F811
    with database.reading() as connection:
        pair = next(row for row in cluster_listing.list_clusters(connection, order="size").rows if row.size == 2)
        one, other = (member.id for member in listing.cluster_members(connection, pair.id))
    with opened(browser) as page:
        page.goto(f"{address}/clusters/{pair.id}")
        press(page, "j", "j", "x")
        assert not together(database, one, other)
        press(page, "u")
        assert together(database, one, other)
        page.goto(f"{address}/clusters/{pair.id}")
        marked = page.locator("tr.is-head").get_by_role("link").first.get_attribute("href")
        place = 1 if str(marked).endswith(one) else 0  # the other one is made representative
        press(page, *["j"] * (place + 1), "r")
        assert page.locator("tr.is-head").get_by_role("link").first.get_attribute("href") != marked
        press(page, "u")
        assert page.locator("tr.is-head").get_by_role("link").first.get_attribute("href") == marked
        page.goto(f"{address}/compare?a={one}&b={other}")
        press(page, "n")
        assert not together(database, one, other)
        press(page, "u")
        assert together(database, one, other)
        page.goto(f"{address}/decisions")
        assert page.locator("tr.undone").count() == 2


def test_struck_out_block_is_kept_and_the_pin_taken_back(
    browser: playwright.Browser,  # noqa: F811
    address: str,  # noqa: F811
    database: Database,
) -> None:
    with database.reading() as connection:
        query = select(documents).where(documents.c.url.like("https://valley.example/%"), documents.c.state == "done")
        ids = [row.id for row in connection.execute(query)]
    with opened(browser) as page:
        for id_ in ids:
            page.goto(f"{address}/articles/{id_}")
            if page.locator("form[action$='/keep']").count():
                break
        tab_to(page, "form[action$='/keep'] button")
        press(page, "Enter")
        assert "being read again" in page.locator(".done").first.inner_text()
        press(page, "u")
        page.goto(f"{address}/sites/valley.example")
        for key, word in (("y", "always kept"), ("n", "always dropped")):
            press(page, "j", key)
            assert page.locator("tbody .flag").inner_text() == word
            press(page, "u")
            assert page.locator("tbody .flag").count() == 0
    with database.reading() as connection:
        rows = connection.execute(select(site_pins)).all()
    assert len(rows) == 3
    assert all(row.undone_at is not None for row in rows)


def test_feeds_are_looked_at_followed_stopped_listed_and_forgotten(
    browser: playwright.Browser,  # noqa: F811
    address: str,  # noqa: F811
    database: Database,
    tmp_path: Path,
) -> None:
    with opened(browser) as page:
        page.goto(address + "/feeds")
        page.keyboard.press("/")
        page.keyboard.type("example.org/rss")
        press(page, "Enter")
        assert page.locator("h1").inner_text() == "The Valley Post"
        press(page, "f")
        page.goto(address + "/feeds")
        for key, state in (("p", "active"), ("x", "paused"), ("x", "active")):
            press(page, "j", key)
            page.goto(address + "/feeds")
            with database.reading() as connection:
                assert [row["state"] for row in feeds.every(connection)] == [state]
        tab_to(page, "a[href='/feeds.opml']")
        with page.expect_download() as saved:
            page.keyboard.press("Enter")
        saved.value.save_as(tmp_path / "feeds.opml")
        press(page, "j", "Enter")
        tab_to(page, "form[action$='/remove'] button")
        press(page, "Enter")
        assert page.locator("tbody tr").count() == 0
        tab_to(page, "summary")
        page.keyboard.press("Enter")
        page.set_input_files("input[type=file]", tmp_path / "feeds.opml")
        tab_to(page, "form[action='/feeds/import'] button")
        press(page, "Enter")
        assert page.locator("h1").inner_text() == "1 new feed"


def test_documents_run_again_and_articles_are_made_again_and_taken_down(
    browser: playwright.Browser,  # noqa: F811
    address: str,  # noqa: F811
    database: Database,
) -> None:
    with database.reading() as connection:
        id_ = listing.list_articles(connection, listing.Choice(lang="fr")).rows[0].id
    with opened(browser) as page:
        page.goto(address + "/documents?state=quarantined")
        press(page, "j", "r")
        assert page.locator(".empty").inner_text() == "None."
        page.goto(f"{address}/articles/{id_}")
        tab_to(page, "form[action$='/retranslate'] button")
        press(page, "Enter")
        assert "in the queue at the stage translate" in page.locator(".working").inner_text()
        page.goto(address + "/models")
        tab_to(page, "form[action='/models/retranslate'] button")
        press(page, "Enter")
        assert "will be translated again" in page.locator(".done").inner_text()
        page.goto(f"{address}/articles/{id_}")
        tab_to(page, "a[href$='/takedown']")
        press(page, "Enter")
        tab_to(page, "input[name=why]")
        page.keyboard.type("court order")
        tab_to(page, "input[name=sure]")
        page.keyboard.press("Space")
        tab_to(page, "button.grave")
        press(page, "Enter")
        assert "taken down" in page.locator("main").inner_text().lower()


def test_program_is_told_of_changes_stopped_and_forgotten(
    browser: playwright.Browser,  # noqa: F811
    address: str,  # noqa: F811
) -> None:
    with opened(browser) as page:
        page.goto(address + "/webhooks")
        tab_to(page, "form[action='/webhooks'] input[name=url]")
        page.keyboard.type("https://consumer.example/hook")
        press(page, "Enter")
        assert page.locator("main [role=status] code").inner_text().startswith("whsec_")
        for act, state in (("pause", "paused"), ("resume", "active")):
            tab_to(page, f"form[action$='/{act}'] button")
            press(page, "Enter")
            assert page.locator("tbody b").inner_text() == state
        tab_to(page, "form[action$='/test'] button")
        press(page, "Enter")
        assert "a test is on its way" in page.locator("tbody").inner_text()
        tab_to(page, "form[action$='/rotate'] button")
        press(page, "Enter")
        assert page.locator("main [role=status] code").inner_text().startswith("whsec_")
        tab_to(page, "form[action$='/remove'] button")
        press(page, "Enter")
        assert page.locator("tbody tr").count() == 0


def test_people_log_in_and_are_given_and_refused_access(
    browser: playwright.Browser,  # noqa: F811
    database: Database,
    tmp_path: Path,
) -> None:
    with database.writing() as connection:
        people.add(connection, "ada", people.Role.ADMIN, PASSWORD)
    with served(create_app(Settings(data_dir=tmp_path), database=database)) as console, opened(browser) as page:
        page.goto(console + "/access")
        page.keyboard.type("ada")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        press(page, "Enter")
        assert page.locator("h1").inner_text() == "Access"
        tab_to(page, "form[action='/access/people'] input[name=name]")
        page.keyboard.type("otto")
        press(page, "Enter")
        assert len(page.locator(".secret-word").inner_text()) >= 16
        for act, disabled in (("disable", 1), ("enable", 0)):
            tab_to(page, f"form[action='/access/people/otto/{act}'] button")
            press(page, "Enter")
            assert page.locator("tr.undone").count() == disabled
        tab_to(page, "form[action='/access/tokens'] input[name=name]")
        page.keyboard.type("newsletter")
        press(page, "Enter")
        assert page.locator(".secret-word").inner_text().startswith("nf_")
        tab_to(page, "form[action$='/revoke'] button")
        press(page, "Enter")
        assert page.locator("tr.undone").count() == 1
        tab_to(page, ".session button")
        press(page, "Enter")
        assert page.url.endswith("/login")
