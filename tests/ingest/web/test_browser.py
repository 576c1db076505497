"""The console in headless Chromium: keys, undo, contrast, narrow screens, and foreign text that stays text.

Needs a Chromium: the one named by CHROMIUM, else /usr/bin/chromium.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import update

from ingest.pipeline import decisions
from ingest.pipeline.remove import take_down
from ingest.settings import Settings
from ingest.store.duplicates import doubt
from ingest.store.engine import Database
from ingest.store.schema import articles, matches
from ingest.store.sources import feeds
from ingest.types import Block, BlockKind, State
from ingest.web.app import create_app
from ingest.web.handed import Handed

from .archive import EVIL
from .conftest import GERMAN, Newsroom
from .everything import fill
from .test_decisions import DAM, EDITED, VINES, together
from .test_feed_lists import scout
from .test_models import Shelf

playwright = pytest.importorskip("playwright.sync_api", reason="the extra `dev` brings Playwright")
pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture
def address(database: Database, tmp_path: Path) -> Iterator[str]:
    """The console of that database, served to this machine."""
    handed = Handed(take_down=take_down, scout=scout, shelf=Shelf)
    settings = Settings(data_dir=tmp_path, open_console=True)
    with served(create_app(settings, database=database, judge=decisions, handed=handed)) as made:
        yield made


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """An application at a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@contextmanager
def opened(browser: playwright.Browser, **more: object) -> Iterator[playwright.Page]:
    """A page; whatever the browser complains about, a dialog included, fails the test."""
    context = browser.new_context(**more)
    page = context.new_page()
    complaints: list[str] = []
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective))"
    )
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield page
    context.close()
    assert complaints == []


def is_complaint(message: playwright.ConsoleMessage) -> bool:
    """Whether the browser found something wrong; the page of a text that was taken down is gone, and says so."""
    return message.type in ("error", "warning") and "410 (Gone)" not in message.text


@pytest.fixture
def paths(newsroom: Newsroom) -> list[str]:
    """Every page of the console, with something on it."""
    return [*fill(newsroom), "/login", "/nowhere"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(
    browser: playwright.Browser, address: str, paths: list[str], scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found: dict[str, list[str]] = {}
    with opened(browser, color_scheme=scheme, bypass_csp=True) as page:
        for path in paths[:-1]:
            page.goto(address + path)
            for violation in axe.run(page).response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    nodes = [node["html"][:120] for node in violation["nodes"][:3]]
                    found.setdefault(f"{violation['id']}: {violation['help']}", []).append(f"{path} {nodes}")
    assert found == {}


def test_no_page_is_wider_than_a_phone(browser: playwright.Browser, address: str, paths: list[str]) -> None:
    wide = []
    with opened(browser, viewport={"width": 360, "height": 740}) as page:
        for path in paths[:-1]:
            page.goto(address + path)
            if page.evaluate("document.documentElement.scrollWidth") > 360:
                wide.append(path)
    assert wide == []


def test_every_page_works_without_javascript(browser: playwright.Browser, address: str, paths: list[str]) -> None:
    with opened(browser, java_script_enabled=False) as page:
        for path in paths[:-1]:
            page.goto(address + path)
            assert page.locator("h1").count() == 1, path


def test_doubtful_pair_takes_one_key_and_one_page(
    browser: playwright.Browser, address: str, newsroom: Newsroom, database: Database
) -> None:
    for number in range(4):
        text = (
            VINES.replace("Marchand", f"Marchand{number}") if number % 2 else DAM.replace("Lunaise", f"Lunaise{number}")
        )
        for edited in (text, text.replace("the ", "the very ", 2)):
            newsroom.clustered(edited.replace(".", f" in place {number * 7919}.", 6))
    with database.writing() as connection:
        connection.execute(update(matches).values(score=0.5, rule="weighed-evidence"))
    with database.reading() as connection:
        open_before = doubt.count(connection)
    assert open_before >= 3
    loads: list[str] = []
    with opened(browser) as page:
        page.goto(address + "/doubtful")
        page.on("load", lambda loaded: loads.append(loaded.url))
        for number in range(open_before):
            with page.expect_navigation():
                page.keyboard.press("y" if number % 2 else "n")
        assert page.locator("h1").inner_text() == "No doubt left"
        with page.expect_navigation():
            page.keyboard.press("u")
        assert page.locator("h1").inner_text() == "Is this one text?"
    assert len(loads) == open_before + 1


def test_cluster_is_corrected_with_keys_alone_and_undone(
    browser: playwright.Browser, address: str, newsroom: Newsroom, database: Database
) -> None:
    one, other = newsroom.clustered(DAM), newsroom.clustered(EDITED)
    with opened(browser) as page:
        page.goto(address + "/clusters")
        page.keyboard.press("j")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.keyboard.press("j")
        page.keyboard.press("j")
        with page.expect_navigation():
            page.keyboard.press("x")
        assert not together(database, one, other)
        with page.expect_navigation():
            page.keyboard.press("u")
        assert together(database, one, other)


def test_keys_move_search_help_and_jump(browser: playwright.Browser, address: str, newsroom: Newsroom) -> None:
    newsroom.article()
    newsroom.article(GERMAN, lang="de", title="Another headline")
    with opened(browser) as page:
        page.goto(address + "/articles")
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert page.locator(".here h2").inner_text() == "The dam of Lunaise"
        page.keyboard.press("/")
        page.keyboard.type("another")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.locator(".listing h2").all_inner_texts() == ["Another headline"]
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        page.keyboard.press("Escape")
        with page.expect_navigation():
            page.keyboard.press("g")
            page.keyboard.press("c")
        assert page.url.endswith("/clusters")


@pytest.mark.parametrize("evil", EVIL)
def test_foreign_text_never_runs(
    browser: playwright.Browser, address: str, newsroom: Newsroom, database: Database, evil: str
) -> None:
    block = Block(evil, BlockKind.BOILERPLATE, kept=False, rule=evil, evidence=evil)
    one = newsroom.article(((evil, evil),), title=evil, original_title=evil + "!", source=evil, removed=(block,))
    other = newsroom.article(((evil, evil),), title=evil, original_title=evil + "!", source=evil)
    cluster = newsroom.cluster(one, other, rule=evil[:32])
    newsroom.ended(State.QUARANTINED, evil[:64], evil)
    with database.writing() as connection:
        connection.execute(update(articles).values(url="javascript:alert(9)//"))
        feeds.add(connection, "https://example.org/rss", title=evil, tags=[evil])
    pages = ("/", "/articles", f"/articles/{one}", "/clusters", f"/clusters/{cluster}", "/feeds", "/doubtful")
    with opened(browser) as page:
        for path in (*pages, f"/compare?a={one}&b={other}", "/documents?state=quarantined"):
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            assert page.locator("a[href^='javascript' i], svg[onload], img").count() == 0, path
        page.goto(address + f"/articles/{one}/page")
        assert "alert" not in page.evaluate("typeof alert === 'function' ? '' : 'alert'")
