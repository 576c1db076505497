"""Whole articles are written without their models; what comes out is what the models would write, byte for byte."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.publish.article import (
    Extraction,
    FullArticle,
    Original,
    RemovedBlock,
    SentenceShape,
    SpanShape,
)
from ingest.publish.change import Changes
from ingest.publish.record import to_json
from ingest.store.engine import Database
from ingest.store.texts import articles, extractions, listing
from ingest.types import NEEDS_REVIEW, Article, Block, BlockKind, Document, Sentence
from ingest.web.api.articles import duplicate_of, load_full, with_removed
from ingest.web.api.pages import Page

from .conftest import GERMAN, Newsroom

HOSTILE = '", "kept": false, "x": "\\" \u2028 ]]> \U0001f9ca naïve'
REMOVED = (
    Block('"kept": false', BlockKind.PARAGRAPH, kept=False, rule="related", evidence="a \\ link", line=3),
    Block(HOSTILE, BlockKind.HEADING, kept=False, rule=None),
)


def modelled(article: Article, document: Document | None, *, removed: bool, **more: Any) -> FullArticle:
    """The article through its model, field by field."""

    def sentences(made: tuple[Sentence, ...]) -> tuple[SentenceShape, ...]:
        return tuple(
            SentenceShape(
                source=s.source,
                target=s.target,
                source_start=s.start,
                source_end=s.end,
                start=s.target_start,
                end=s.target_end,
                lang=s.lang,
                model=s.model,
                flags=s.flags,
                score=s.score,
            )
            for s in made
        )

    gone = [block for block in document.blocks if not block.kept] if document else []
    pieces = tuple(RemovedBlock(text=b.text, kind=b.kind, rule=b.rule, evidence=b.evidence, line=b.line) for b in gone)
    found = None
    if document is not None:
        found = Extraction(method=document.method, removed_count=len(gone), removed=pieces if removed else None)
    spans = tuple(SpanShape(start=s.start, end=s.end, lang=s.lang) for s in article.spans)
    return FullArticle(
        id=article.id,
        revision=article.revision,
        url=article.url,
        source=article.source,
        author=article.author,
        published=article.published,
        updated=article.updated,
        seen=article.seen,
        title=article.title,
        text=article.text,
        original=Original(title=article.original_title, text=article.original_text, lang=article.lang, spans=spans),
        title_sentences=sentences(article.title_sentences),
        sentences=sentences(article.sentences),
        flags=article.flags,
        needs_review=NEEDS_REVIEW in article.flags,
        credits=article.credits,
        image_url=article.image_url,
        extraction=found,
        text_sha256=sha256(article.text.encode()).hexdigest(),
        **more,
    )


def both_ways(database: Database, id_: str, *, removed: bool) -> tuple[bytes, bytes]:
    """The article as it goes out, and as the model writes it."""
    with database.reading() as connection:
        row = listing.listed(connection, [id_])[id_]
        [record] = load_full(connection, [id_])
        if removed:
            record = with_removed(connection, record)
        article, found = articles.load(connection, id_), extractions.load(connection, id_)
    assert article is not None
    more = {"feeds": (), "changed": row.changed, "related": (), "duplicate": duplicate_of(row, None)}
    model = modelled(article, found and found[0], removed=removed, **more)
    return to_json(record), model.model_dump_json().encode()


def same(one: str | bytes, other: str | bytes) -> bool:
    """Whether two answers say the same in the same order; 1e-05 and 1e-5 are one number."""
    return bool(json.loads(one, object_pairs_hook=list) == json.loads(other, object_pairs_hook=list))


@pytest.mark.parametrize("removed", [False, True])
def test_record_is_what_the_model_writes(database: Database, newsroom: Newsroom, removed: bool) -> None:
    id_ = newsroom.article(removed=REMOVED, flags=(NEEDS_REVIEW,))
    newsroom.cluster(id_)
    fast, slow = both_ways(database, id_, removed=removed)
    assert same(fast, slow)
    assert b'"removed_count":2' in fast


def test_article_whose_page_is_no_longer_kept_goes_out_without_an_extraction(
    database: Database, newsroom: Newsroom
) -> None:
    id_ = newsroom.article(removed=REMOVED)
    with database.writing() as connection:
        extractions.forget(connection, id_)
    fast, slow = both_ways(database, id_, removed=False)
    assert same(fast, slow)
    assert b'"extraction":null' in fast


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
    score=st.floats(-50, 0),
)
def test_any_text_goes_out_as_the_model_writes_it(
    database: Database, newsroom: Newsroom, pairs: tuple[tuple[str, str], ...], score: float
) -> None:
    id_ = newsroom.article(pairs, removed=REMOVED)
    with database.writing() as connection:
        article = articles.load(connection, id_)
        assert article is not None
        sentences = tuple(
            Sentence(s.source, s.target, s.start, s.end, s.target_start, s.target_end, s.lang, s.model, ("x",), score)
            for s in article.sentences
        )
        kept = {name: getattr(article, name) for name in Article.__slots__} | {"sentences": sentences}
        articles.save(connection, Article(**kept), text_digest="again")
    fast, slow = both_ways(database, id_, removed=False)
    assert same(fast, slow)


def test_lists_and_changes_are_what_their_models_write(client: TestClient, newsroom: Newsroom) -> None:
    one, other = newsroom.article(removed=REMOVED), newsroom.article(GERMAN, lang="de")
    newsroom.cluster(one, other)
    newsroom.related(one, newsroom.article())
    listed = client.get("/v1/articles?fields=full&limit=2").content
    assert same(Page[FullArticle].model_validate_json(listed).model_dump_json(), listed)
    followed = client.get("/v1/changes?include=articles").content
    assert same(Changes.model_validate_json(followed).model_dump_json(), followed)
