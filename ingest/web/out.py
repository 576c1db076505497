"""/out: feeds of canonical English articles, for feed readers; narrowed by the same words as the lists."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from ingest.publish import feeds
from ingest.publish.feeds import Channel, Item
from ingest.store.consumers.tokens import Scope
from ingest.store.texts import articles, listing
from ingest.store.texts.listing import Choice
from ingest.web.api.pages import unless_known
from ingest.web.auth import program
from ingest.web.database import Reading, TheSettings
from ingest.web.problems import described
from ingest.web.rates import within_rate
from ingest.web.ui.render import opening, query, web_only

ITEMS = 50
MEDIA = {
    "atom": ("application/atom+xml", feeds.atom),
    "rss": ("application/rss+xml", feeds.rss),
    "json": ("application/feed+json", feeds.json_feed),
}

router = APIRouter(prefix="/out", tags=["feeds"], dependencies=[Depends(within_rate), Depends(program(Scope.READ))])


@router.get(
    "/articles.{form}",
    response_class=Response,
    responses=described(304, 401, 403, 422, 429)
    | {
        200: {
            "content": {
                "application/atom+xml": {"schema": {"type": "string"}},
                "application/rss+xml": {"schema": {"type": "string"}},
                "application/feed+json": {"schema": {"type": "object"}},
            }
        }
    },
)
def feed(
    request: Request,
    connection: Reading,
    settings: TheSettings,
    form: Literal["atom", "rss", "json"],
    q: Annotated[str | None, Query(max_length=300)] = None,
    lang: Annotated[str | None, Query(max_length=8)] = None,
    source: Annotated[str | None, Query(max_length=300)] = None,
    feed: Annotated[str | None, Query(max_length=32, description="Id of a feed that brought them.")] = None,
    tag: Annotated[str | None, Query(max_length=100, description="A tag of a feed that brought them.")] = None,
) -> Response:
    """The newest articles, one per cluster. Feed readers send the token as the password of basic authentication."""
    choice = Choice(lang=lang, source=source, feed=feed, tag=tag, canonical=True, words=q)
    rows = listing.list_articles(connection, choice, limit=ITEMS).rows
    texts = articles.load_many(connection, [row.id for row in rows])
    base = settings.public_url or str(request.base_url).rstrip("/")
    narrowed = query(q=q, lang=lang, source=source, feed=feed, tag=tag)
    about = ", ".join(part for part in (q, source, lang, tag, feed) if part)
    channel = Channel(
        title=f"Newsfold: {about}" if about else "Newsfold",
        address=f"{base}/out/articles.{form}{narrowed}",
        home=f"{base}/articles",
        name=f"articles{narrowed}",
        hub=settings.websub_hub,
    )
    items = [
        Item(
            id=row.id,
            page=f"{base}/articles/{row.id}",
            url=web_only(row.url) or None,
            title=row.title or row.original_title or opening(row),
            text=texts[row.id].text,
            lang=row.lang,
            source=row.source,
            author=texts[row.id].author,
            published=row.published,
            updated=row.changed,
        )
        for row in rows
        if row.id in texts
    ]
    media, write = MEDIA[form]
    content = write(channel, items)
    headers = {"Link": f'<{settings.websub_hub}>; rel="hub", <{channel.address}>; rel="self"'} if channel.hub else {}
    return unless_known(request, content, media_type=media, cache="private, max-age=300", headers=headers)
