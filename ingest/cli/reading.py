"""`ingest status|articles|show|clusters`: what is there, for a person at a terminal or a script (`--json`)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from ingest.errors import IngestError
from ingest.settings import load
from ingest.store.duplicates import cluster_listing
from ingest.store.duplicates.cluster_listing import ClusterChoice, ListedCluster
from ingest.store.engine import Database, connect
from ingest.store.queue import standing
from ingest.store.texts import articles as store_articles
from ingest.store.texts import documents, extractions, listing
from ingest.store.texts.listing import Choice, Listed
from ingest.types import Article, Stage, State

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="How many at most.")]


def status(as_json: AsJson = False) -> None:
    """Show what came in, where it is, what waits and what failed.

    Example: ingest status --json
    """
    with _database().reading() as connection:
        counts = documents.counts(connection)
        reasons = {
            str(state): dict(standing.count_reasons(connection, state))
            for state in (State.REJECTED, State.WAITING, State.QUARANTINED)
        }
    if as_json:
        by_stage = {stage: {st: n for (at, st), n in counts.items() if at == stage} for stage in map(str, Stage)}
        print(json.dumps({"documents": sum(counts.values()), "stages": by_stage, "reasons": reasons}))
        return
    table = Table("", *map(str, Stage), header_style="bold")
    for state in map(str, State):
        row = [counts.get((str(stage), state), 0) for stage in Stage]
        if any(row):
            table.add_row(state, *(str(count or "") for count in row))
    console = Console()
    console.print(table)
    for state, found in reasons.items():
        if found:
            console.print(f"{state}: " + ", ".join(f"{reason} {count}" for reason, count in found.items()))


def articles(
    lang: Annotated[str | None, typer.Option(help="Only articles in this language.")] = None,
    source: Annotated[str | None, typer.Option(help="Only articles of this source.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List articles, the newest first.

    Example: ingest articles --lang de --limit 10
    """
    with _database().reading() as connection:
        page = listing.list_articles(connection, Choice(lang=lang, source=source), limit=limit)
    if as_json:
        for row in page.rows:
            print(json.dumps(_listed(row), ensure_ascii=False))
        return
    table = Table(Column("id", no_wrap=True), "date", "lang", "source", "copies", "title", "flags", header_style="bold")
    for row in page.rows:
        copies = str(row.size - 1) if row.size > 1 else ""
        table.add_row(
            row.id, _day(row.sort_at), row.lang, row.source, copies, row.title or row.excerpt[:60], " ".join(row.flags)
        )
    Console().print(table)


def clusters(
    least: Annotated[int, typer.Option(min=1, help="Articles in it at least.")] = 2,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List clusters of near-duplicates, those that changed last first.

    Example: ingest clusters --least 3
    """
    with _database().reading() as connection:
        page = cluster_listing.list_clusters(connection, ClusterChoice(least=least), limit=limit)
    if as_json:
        for row in page.rows:
            print(json.dumps(_cluster(row), ensure_ascii=False))
        return
    table = Table(Column("id", no_wrap=True), "size", "weakest", "languages", "sources", "title", header_style="bold")
    for row in page.rows:
        weakest = "" if row.weakest is None else f"{row.weakest:.2f}"
        table.add_row(row.id, str(row.size), weakest, " ".join(row.langs), ", ".join(row.sources), row.head.title)
    Console().print(table)


def show(ident: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Show one article (or a document that became none) or one cluster, and what happened to it.

    Example: ingest show 1m7zr42f4wexjgx23j6w
    """
    console = Console()
    with _database().reading() as connection:
        row = documents.load(connection, ident)
        if row is None:
            _show_cluster(console, connection, ident, as_json)
            return
        article = store_articles.load(connection, ident)
        extraction = extractions.load(connection, ident)
        steps = standing.trail(connection, ident)
    if as_json:
        trail = [{"stage": s.stage, "outcome": s.outcome, "reason": s.reason, "at": s.at.isoformat()} for s in steps]
        answer = {"id": ident, "stage": row["stage"], "state": row["state"], "reason": row["reason"], "trail": trail}
        dropped = [] if extraction is None else [b for b in extraction[0].blocks if not b.kept]
        answer["dropped"] = [{"text": block.text, "rule": block.rule} for block in dropped]
        answer["article"] = None if article is None else _article(article)
        print(json.dumps(answer, ensure_ascii=False))
        return
    if article is not None:
        console.print(f"[bold]{article.title or '(no title)'}[/bold]", f"{article.source or ''} {article.lang}")
        for sentence in article.sentences:
            console.print(f"  {sentence.target}  [dim]{sentence.lang} {' '.join(sentence.flags)}[/dim]", markup=True)
    if extraction is not None:
        for block in extraction[0].blocks:
            if not block.kept:
                console.print(f"  [strike]{block.text[:120]}[/strike] [red]{block.rule}[/red]")
    console.print(f"{row['stage']} {row['state']} {row['reason'] or ''} {row['detail'] or ''}")
    for step in steps:
        console.print(f"  {step.at:%Y-%m-%d %H:%M:%S} {step.stage} {step.outcome} {step.reason or ''} {step.ms} ms")


def _show_cluster(console: Console, connection: Any, ident: str, as_json: bool) -> None:
    row = cluster_listing.cluster_row(connection, ident)
    if row is None:
        raise IngestError(f"{ident}: no article, document or cluster has this id")
    members = listing.cluster_members(connection, ident)
    matches = cluster_listing.matches_among(connection, [member.id for member in members])
    if as_json:
        evidence = [
            {"a": m.a, "b": m.b, "estimated": m.estimated, "exact": m.exact, "rule": m.rule, "kind": str(m.kind)}
            for m in matches
        ]
        print(json.dumps({"id": ident, "members": [_listed(m) for m in members], "matches": evidence}))
        return
    for member in members:
        mark = "*" if member.id == row["representative"] else " "
        console.print(f"{mark} {member.id} {_day(member.sort_at)} {member.lang} {member.source} {member.title}")
    for match in matches:
        console.print(f"  {match.a} ~ {match.b}: {match.rule}, {match.kind}, {match.exact:.2f} ({match.estimated:.2f})")


def _database() -> Database:
    return connect(load().sqlalchemy_url)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _listed(row: Listed) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "lang": row.lang,
        "source": row.source,
        "url": row.url,
        "published": row.published.isoformat() if row.published else None,
        "seen": row.seen.isoformat(),
        "flags": list(row.flags),
        "cluster": row.cluster,
        "kind": str(row.kind) if row.kind else None,
    }


def _cluster(row: ListedCluster) -> dict[str, Any]:
    return {
        "id": row.id,
        "size": row.size,
        "weakest": row.weakest,
        "languages": list(row.langs),
        "sources": list(row.sources),
        "representative": row.head.id,
        "title": row.head.title,
    }


def _article(article: Article) -> dict[str, Any]:
    return {
        "title": article.title,
        "text": article.text,
        "original_title": article.original_title,
        "original_text": article.original_text,
        "lang": article.lang,
        "source": article.source,
        "author": article.author,
        "published": article.published.isoformat() if article.published else None,
        "credits": list(article.credits),
        "flags": list(article.flags),
    }
