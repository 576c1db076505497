"""A little of everything in a database, and the address of every page that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from fastapi.routing import APIRoute
from sqlalchemy import update

from ingest.extract import fingerprint
from ingest.store.consumers import tokens, webhooks
from ingest.store.duplicates import clusters
from ingest.store.operators import audit, people
from ingest.store.schema import matches
from ingest.store.sources import feeds, pins, site_memory
from ingest.store.texts import articles as articles_store
from ingest.types import Block, BlockKind, State
from ingest.web import ui

from .conftest import GERMAN, Newsroom
from .test_decisions import DAM, EDITED

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WALL = "Abonnez-vous ici !"
NO_PAGE = ("/articles/{article_id}/page", "/feeds.opml", "/feeds.toml")
"""Answers that are a file, not a page."""
CLUSTER_FILTERS = (
    "/clusters?lang=en",
    "/clusters?source=Le+Courrier&order=size",
    "/clusters?kind=translated&order=weakest",
    "/clusters?undecided=1",
    "/clusters?q=dam&lang=en&source=Le+Courrier&kind=translated&undecided=1",
)


def fill(newsroom: Newsroom) -> list[str]:
    """The addresses of all pages, each with something on it."""
    wall = Block(WALL, BlockKind.BOILERPLATE, kept=False, rule="subscribe", evidence="abonnez-vous")
    french = newsroom.article(removed=(wall,) * 7, flags=("repaired",), url="https://example.org/wall")
    german = newsroom.article(GERMAN, lang="de", title="Another headline", source="Der Bote")
    one, other = newsroom.clustered(DAM), newsroom.clustered(EDITED)
    crowd = [newsroom.article(title=f"Crowd {number}", lang="en") for number in range(14)]
    newsroom.related(french, one)
    rejected = newsroom.ended(State.REJECTED, "no-text", "The page holds no text.")
    newsroom.ended(State.QUARANTINED, "crash", "worker died")
    newsroom.ended(State.WAITING, "no-model-es", 'no model for "es"')
    with newsroom.database.writing() as connection:
        feed, _ = feeds.add(connection, "https://example.org/rss", title="A feed", tags=["fr"])
        for number in range(3):
            site_memory.learn(connection, "example.org", f"d{number}", {fingerprint(WALL): WALL}, NOW)
        pins.pin(connection, "example.org", fingerprint(WALL), WALL, keep=True, who="ada", now=NOW)
        people.add(connection, "maria", people.Role.OPERATOR, "a long enough password")
        people.add(connection, "nobody", people.Role.READER, "a long enough password")
        people.disable(connection, "nobody")
        tokens.make(connection, "newsletter", [tokens.Scope.READ], who="maria", days=90)
        webhooks.add(connection, "https://consumer.example/a/rather/long/address/of/a/hook", "whsec_x", who="ada")
        hook = webhooks.add(connection, "https://gone.example/hook", "whsec_y", who="ada", name="newsletter")
        webhooks.pause(connection, hook.id)
        webhooks.ask_test(connection, hook.id)
        audit.note(connection, "ada", "pin", "site:example.org", word="always keep")
        cluster = clusters.of_articles(connection, [one])[one].cluster_id
        a, b = sorted((one, other))
        connection.execute(update(matches).where(matches.c.a == a, matches.c.b == b).values(score=0.5))
        article = articles_store.load(connection, german)
        assert article is not None
        articles_store.save(connection, replace(article, title="Told anew"), text_digest="other")
    large = newsroom.cluster(*crowd)
    return [
        "/",
        "/?span=week",
        "/articles",
        "/articles?lang=fr",
        "/articles?source=Le+Courrier",
        f"/articles?feed={feed}",
        "/articles?kind=near",
        "/articles?review=1",
        "/articles?canonical=1",
        "/articles?q=dam",
        "/articles?q=dam&lang=fr&canonical=1",
        f"/articles/{french}",
        f"/articles/{french}?view=english",
        f"/articles/{french}?view=original",
        f"/articles/{rejected}",
        f"/articles/{german}/revisions/1",
        f"/articles/{german}/takedown",
        "/clusters",
        "/clusters?order=size",
        "/clusters?order=weakest",
        "/clusters?q=dam",
        *CLUSTER_FILTERS,
        f"/clusters/{cluster}",
        f"/clusters/{large}",
        f"/clusters/{large}?all=1",
        f"/compare?a={one}&b={other}",
        "/doubtful",
        "/decisions",
        "/documents",
        "/documents?state=quarantined&reason=crash",
        "/feeds",
        "/feeds?show=failing",
        f"/feeds/{feed}",
        "/sites",
        "/sites/example.org",
        "/models",
        "/access",
        "/webhooks",
        "/audit",
        "/audit?subject=site%3Aexample.org",
    ]


def left_out(paths: Iterable[str]) -> set[str]:
    """The pages of the console that none of these addresses leads to."""
    asked = [path.partition("?")[0] for path in paths]
    routes = {route.path for part in ui.PARTS for route in part.router.routes if _is_page(route)}
    return {route for route in routes if not any(re.fullmatch(_pattern(route), path) for path in asked)}


def _is_page(route: object) -> bool:
    return isinstance(route, APIRoute) and "GET" in (route.methods or ()) and route.path not in NO_PAGE


def _pattern(route: str) -> str:
    return re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(route))
