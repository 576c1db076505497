"""Pages of articles: the list, and one with everything that is known about it."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from ingest.store.queue import standing
from ingest.store.texts import articles as store
from ingest.store.texts import extractions, listing, pages
from ingest.types import Article, Copy, State
from ingest.web.auth import Operator
from ingest.web.database import Reading, TheDatabase
from ingest.web.handed import TheRemover
from ingest.web.ui.alignment import Removed, lay_out, pairs_of
from ingest.web.ui.passages import paragraphs
from ingest.web.ui.render import page
from ingest.web.ui.sites import pinned_blocks, site_of
from ingest.web.ui.words import ASIDE

VIEWS = ("both", "english", "original")

router = APIRouter()


@router.get("/articles")
def list_articles(
    request: Request,
    connection: Reading,
    q: Annotated[str, Query(max_length=300)] = "",
    lang: Annotated[str, Query(max_length=8)] = "",
    source: Annotated[str, Query(max_length=300)] = "",
    feed: Annotated[str, Query(max_length=32)] = "",
    kind: Annotated[str, Query(pattern="^(exact|near|translated|teaser|revision)?$")] = "",
    review: bool = False,
    canonical: bool = False,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """The newest articles."""
    choice = listing.Choice(
        lang=lang or None,
        source=source or None,
        feed=feed or None,
        kind=Copy(kind) if kind else None,
        review=review or None,
        canonical=canonical,
        words=q or None,
    )
    found = listing.list_articles(connection, choice, cursor=cursor)
    values = {
        "found": found,
        "choice": {
            "q": q,
            "lang": lang,
            "source": source,
            "feed": feed,
            "kind": kind,
            "review": "1" if review else "",
            "canonical": "1" if canonical else "",
        },
        "states": standing.count_states(connection),
        "cursor": cursor,
    }
    return page(request, "articles.html", values)


@router.get("/articles/{article_id}")
def one_article(request: Request, connection: Reading, article_id: str, view: str = "both") -> Response:
    """One article: both languages side by side, what was removed, and how it came about."""
    article = store.load(connection, article_id)
    document = standing.document(connection, article_id)
    if document is None:
        raise HTTPException(404, f"There is no article or document {article_id[:40]}.")
    extraction = extractions.load(connection, article_id)
    site = site_of(connection, article_id)
    values: dict[str, object] = {
        "document": document,
        "trail": standing.trail(connection, article_id),
        "feeds": standing.feeds_of(connection, article_id),
        "extraction": extraction[0] if extraction else None,
        "site": site,
        "pins": pinned_blocks(connection, site, extraction[0].blocks if extraction else ()),
    }
    if article is None:
        status = 410 if document.state is State.REMOVED else 200
        return page(request, "document.html", values, status_code=status)
    rows = lay_out(article, extraction[0] if extraction else None)
    values |= {
        "article": article,
        "view": view if view in VIEWS else "both",
        "rows": rows,
        "removed": sum(block.kind not in ASIDE for row in rows if isinstance(row, Removed) for block in row.blocks),
        "title_pairs": pairs_of(article.title_sentences),
        "models": models_of(article),
        "shares": shares_of(article),
        "former": listing.former(connection, article_id),
        **_company(connection, article_id),
    }
    return page(request, "article.html", values)


@router.get("/articles/{article_id}/takedown")
def takedown_page(request: Request, connection: Reading, _who: Operator, article_id: str) -> Response:
    """What taking an article down means, before it is done."""
    article, document = store.load(connection, article_id), standing.document(connection, article_id)
    if document is None or document.state is State.REMOVED:
        raise HTTPException(404, f"There is nothing to take down under {article_id[:40]}.")
    return page(request, "takedown.html", {"article": article, "document": document})


@router.post("/articles/{article_id}/takedown")
def take_down(
    database: TheDatabase,
    who: Operator,
    remove: TheRemover,
    article_id: str,
    why: Annotated[str, Form(max_length=500)] = "",
    sure: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Remove an article for good; a tombstone stays."""
    if sure != "yes":
        raise HTTPException(422, "Tick the box that says that you are sure: a takedown cannot be undone.")
    if not remove(database, article_id, who=who.name, why=why.strip()):
        raise HTTPException(404, f"There is nothing to take down under {article_id[:40]}.")
    return RedirectResponse(f"/articles/{article_id}", status_code=303)


@router.get("/articles/{article_id}/page")
def raw_page(connection: Reading, article_id: str) -> Response:
    """The page as it came, as text: never as HTML of ours."""
    found = pages.load(connection, article_id)
    if found is None:
        raise HTTPException(404, f"No page is kept of {article_id[:40]}.")
    text = found[1].body.decode("utf-8", errors="replace")
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/articles/{article_id}/revisions/{revision}")
def one_revision(request: Request, connection: Reading, article_id: str, revision: int) -> Response:
    """What an article said in a former revision, beside what replaced it."""
    article = store.load(connection, article_id)
    kept = {row["revision"]: row for row in listing.former(connection, article_id)}
    if article is None or revision not in kept:
        raise HTTPException(404, f"No revision {revision} is kept of {article_id[:40]}.")
    old, later = kept[revision]["article"], kept.get(revision + 1)
    new = {"title": article.title, "text": article.text} if later is None else later["article"]
    values = {
        "article": article,
        "revision": revision,
        "replaced": kept[revision]["replaced_at"],
        "titles": (old["title"], new["title"]),
        "rows": paragraphs(old["text"], new["text"]),
    }
    return page(request, "revision.html", values)


def models_of(article: Article) -> tuple[tuple[str, str | None, int], ...]:
    """Which model translated how many sentences of which language, the commonest first."""
    count = Counter((s.lang, s.model) for s in article.title_sentences + article.sentences)
    return tuple((lang, model, n) for (lang, model), n in count.most_common())


def shares_of(article: Article) -> tuple[tuple[str, float], ...]:
    """The share of each language in the original text by characters, the largest first."""
    count: Counter[str] = Counter()
    for span in article.spans:
        count[span.lang] += span.end - span.start
    total = max(1, count.total())
    return tuple((lang, n / total) for lang, n in count.most_common())


def _company(connection: Connection, article_id: str) -> dict[str, object]:
    own = listing.listed(connection, [article_id])[article_id]
    copies = listing.cluster_members(connection, own.cluster) if own.cluster and own.size > 1 else ()
    others = tuple(copy for copy in copies if copy.id != article_id)
    return {
        "own": own,
        "copies": others,
        "related": listing.related_to(connection, [article_id], leave_out=[copy.id for copy in others]),
    }
