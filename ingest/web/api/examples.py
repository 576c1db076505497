"""What each operation answers, as an example: a whole answer, the same small newspaper in all of them.

A test holds each example to the schema it stands beside, and that no operation is without one.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

ID, OTHER = "1m7zs34k6jmtrkd148ya", "1m7zs9c2wqj5n0d7h3xe"
CLUSTER, FEED, WEBHOOK = "1m7zs3b8t5mn1k2c9pqr", "1m7xw0f4s6vg2j8d5kzc", "1m80a1n7y3qe4t6b9hwd"
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDA0f3y9Zk1xQ="  # noqa: S105
NOON, LATER = "2026-03-02T12:00:00Z", "2026-03-02T12:04:10Z"
TITLE, SOURCE_TITLE = "Dam of Lunaise to be repaired", "Le barrage de Lunaise sera réparé"
TEXT, SOURCE_TEXT = "The dam will be repaired before winter.", "Le barrage sera réparé avant l'hiver."
MODEL = "fr-de-en@2"


def _sentence(source: str, target: str) -> dict[str, Any]:
    offsets = {"source_start": 0, "source_end": len(source), "start": 0, "end": len(target)}
    return {"source": source, "target": target} | offsets | {"lang": "fr", "model": MODEL, "flags": [], "score": -0.21}


DUPLICATE = {
    "cluster_id": CLUSTER,
    "size": 2,
    "canonical_id": ID,
    "is_canonical": True,
    "kind": None,
    "similarity": None,
}
HEAD = {"schema_version": "1.0", "id": ID, "revision": 2, "url": "https://example.org/barrage", "source": "Le Courrier"}
TIMES = {"published": NOON, "seen": LATER, "changed": "2026-03-02T14:30:00Z"}
SUMMARY = HEAD | {"lang": "fr", "title": TITLE, "excerpt": TEXT, **TIMES, "flags": [], "needs_review": False}
SUMMARY |= {"duplicate": DUPLICATE}
COPY = SUMMARY | {
    "id": OTHER,
    "revision": 1,
    "url": "https://example.com/staudamm",
    "source": "Der Bote",
    "lang": "de",
    "duplicate": DUPLICATE | {"is_canonical": False, "kind": "translated", "similarity": 0.81},
}
REMOVED = {"text": "Lire aussi : la crue", "kind": "boilerplate", "rule": "related", "evidence": "", "line": 7}
ARTICLE = HEAD | {
    "author": "A. Morel",
    "feeds": [{"id": FEED, "url": "https://example.org/feed.xml", "title": "Le Courrier"}],
    **TIMES,
    "updated": None,
    "title": TITLE,
    "text": TEXT,
    "original": {
        "title": SOURCE_TITLE,
        "text": SOURCE_TEXT,
        "lang": "fr",
        "spans": [{"start": 0, "end": len(SOURCE_TEXT), "lang": "fr"}],
    },
    "title_sentences": [_sentence(SOURCE_TITLE, TITLE)],
    "sentences": [_sentence(SOURCE_TEXT, TEXT)],
    "flags": [],
    "needs_review": False,
    "credits": [],
    "image_url": None,
    "extraction": {"method": "html-vote/1", "removed_count": 1, "removed": [REMOVED]},
    "duplicate": DUPLICATE,
    "related": [{"id": "1m7zr8d0h2s4v6x8z1bc", "similarity": 0.44}],
    "text_sha256": sha256(TEXT.encode()).hexdigest(),
}
MATCH = {"a": ID, "b": OTHER, "estimated": 0.78, "exact": 0.81, "rule": "stems", "kind": "translated"}
MATCH |= {"passages": [{"a_start": 0, "a_end": len(TEXT), "b_start": 0, "b_end": len(TEXT)}]}
CLUSTERED = {"schema_version": "1.0", "id": CLUSTER, "size": 2, "chosen": False, "weakest": 0.81}
CLUSTERED |= {"created": LATER, "changed": "2026-03-02T12:09:31Z"}
LISTED = CLUSTERED | {"canonical": SUMMARY, "languages": ["de", "fr"], "sources": ["Der Bote", "Le Courrier"]}
LISTED |= {"kinds": ["translated"]}
WHOLE_CLUSTER = CLUSTERED | {"canonical_id": ID, "members": [SUMMARY, COPY], "matches": [MATCH], "related": []}
FEED_ROW = {
    "schema_version": "1.0",
    "id": FEED,
    "url": "https://example.org/feed.xml",
    "title": "Le Courrier",
    "site_url": "https://example.org/",
    "tags": ["regional"],
    "language": "fr",
    "kind": "rss",
    "state": "active",
    "polled": LATER,
    "answered": LATER,
    "next_poll": "2026-03-02T13:04:10Z",
    "failures": 0,
    "created": "2026-01-15T09:00:00Z",
}
CHANGE = {"schema_version": "1.0", "seq": 4711, "kind": "upsert", "article_id": ID, "cluster_id": None, "revision": 2}
CHANGE |= {"at": "2026-03-02T14:30:00Z", "article": ARTICLE}
JOINED = CHANGE | {"seq": 4712, "kind": "cluster", "article_id": None, "cluster_id": CLUSTER, "revision": None}
JOINED |= {"article": None}
CHANGES: dict[str, Any] = {"items": [CHANGE, JOINED], "since": 4712, "newest": 4712}
RECEIVED = {"id": ID, "new": True, "changed": True, "revision": 1, "status_url": f"/v1/documents/{ID}"}
STATUS = {"id": ID, "state": "done", "stage": "cluster", "reason": None, "detail": None, "attempts": 1}
STATUS |= {"url": "https://example.org/barrage", "given_id": "courrier-2026-0312", "created": LATER, "changed": LATER}
STATUS |= {"article_url": f"/v1/articles/{ID}"}
SUBSCRIBER = {
    "schema_version": "1.0",
    "id": WEBHOOK,
    "url": "https://consumer.example/newsfold",
    "name": "newsletter",
    "kinds": ["upsert", "delete"],
    "with_articles": True,
    "at_once": 100,
    "state": "active",
    "reason": None,
    "seq": 4712,
    "behind": 0,
    "failures": 0,
    "failing_since": None,
    "next_try": None,
    "tried": LATER,
    "delivered": LATER,
    "messages": 318,
    "last_status": 204,
    "last_error": None,
    "tested": None,
    "test_result": None,
    "created": "2026-02-01T08:00:00Z",
}


def _page(*items: dict[str, Any], path: str | None = None) -> dict[str, Any]:
    cursor = "WyIyMDI2LTAzLTAyIiwiMW03enMiXQ" if path else None
    return {"items": list(items), "next_cursor": cursor, "next": f"{path}?cursor={cursor}" if path else None}


ANSWERS: dict[tuple[str, str], Any] = {
    ("get", "/healthz"): {"status": "ok"},
    ("get", "/readyz"): {"status": "ready", "checks": {"database": "ok", "schema": "ok", "reconciler": "ok"}},
    ("get", "/v1/articles"): _page(SUMMARY, COPY, path="/v1/articles"),
    ("get", "/v1/articles/{article_id}"): ARTICLE,
    ("get", "/v1/clusters"): _page(LISTED),
    ("get", "/v1/clusters/{cluster_id}"): WHOLE_CLUSTER,
    ("get", "/v1/feeds"): _page(FEED_ROW),
    ("get", "/v1/feeds/{feed_id}"): FEED_ROW,
    ("get", "/v1/changes"): CHANGES,
    ("get", "/v1/search"): _page(SUMMARY),
    ("post", "/v1/documents"): RECEIVED,
    ("post", "/v1/documents/batch"): {"items": [RECEIVED]},
    ("get", "/v1/documents/{document_id}"): STATUS,
    ("get", "/v1/webhooks"): _page(SUBSCRIBER),
    ("post", "/v1/webhooks"): SUBSCRIBER | {"secret": SECRET},
    ("get", "/v1/webhooks/{webhook_id}"): SUBSCRIBER,
    ("post", "/v1/webhooks/{webhook_id}/rotate"): SUBSCRIBER | {"secret": SECRET},
    ("post", "/v1/webhooks/{webhook_id}/{act}"): SUBSCRIBER | {"state": "paused", "reason": "paused by a person"},
}
"""By method and path: the body of a good answer in JSON."""

FEED_OUT = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Newsfold",
    "home_page_url": "https://news.example.org/articles",
    "feed_url": "https://news.example.org/out/articles.json",
    "language": "en",
    "items": [
        {
            "id": "urn:uuid:1f0f4c5a-52f2-5c7e-9a0b-1e6d6c2b7a10",
            "url": "https://example.org/barrage",
            "title": TITLE,
            "content_text": TEXT,
            "date_modified": "2026-03-02T14:30:00Z",
        }
    ],
}

TEXTS: dict[tuple[str, str, str], Any] = {
    ("get", "/metrics", "text/plain"): 'newsfold_documents{stage="cluster",state="done"} 1204.0\n',
    ("get", "/v1/changes/stream", "text/event-stream"): "id: 4712\nevent: cluster\ndata: {…}\n\n",
    ("get", "/v1/schemas/{name}", "application/schema+json"): {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "FullArticle",
        "type": "object",
    },
    ("get", "/out/articles.{form}", "application/feed+json"): FEED_OUT,
    ("get", "/out/articles.{form}", "application/atom+xml"): '<feed xmlns="http://www.w3.org/2005/Atom">…</feed>',
    ("get", "/out/articles.{form}", "application/rss+xml"): '<rss version="2.0">…</rss>',
}
"""The same for other media types."""

PROBLEMS = {
    400: "Expected a JSON body, got something that is none.",
    401: "Send a token: `Authorization: Bearer nf_…`; `ingest tokens add` makes one.",
    403: "This needs a token with the scope admin; this one has read.",
    404: f"There is no article {ID}.",
    409: "since: the sequence ends at 4712. Was the database put back from a backup? Begin again with 0.",
    410: f"Article {ID} was taken down.",
    413: "At most 5,000,000 bytes are taken in one request.",
    422: "since: expected a moment with a time zone, as 2026-03-02T12:00:00Z.",
    429: "At most 1200 requests a minute are answered; try again in 12 s.",
}
"""What `detail` says, by status."""
