"""Pages of clusters: the list, and one that answers why these articles are together."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from ingest.store.duplicates import cluster_listing, decisions, doubt
from ingest.store.duplicates.cluster_listing import ClusterChoice
from ingest.store.texts import articles, listing
from ingest.store.texts.listing import Listed
from ingest.types import Copy, Match
from ingest.web.database import Reading
from ingest.web.ui.graph import SHOWN as SHOWN_BRANCHES
from ingest.web.ui.graph import picture, tree
from ingest.web.ui.passages import Evidence, evidence
from ingest.web.ui.render import page

MATRIX = 12
"""Members up to which every pair is a cell of a table; a larger cluster is drawn as a tree and a picture."""

SHOWN = 6
"""Matches whose passages a cluster's page shows; the others have a page each."""

FOLDED = 60
"""Members up to which the table shows all of them unasked."""

router = APIRouter()


@router.get("/clusters")
def list_clusters(
    request: Request,
    connection: Reading,
    q: Annotated[str, Query(max_length=300)] = "",
    lang: Annotated[str, Query(max_length=8)] = "",
    source: Annotated[str, Query(max_length=300)] = "",
    kind: Annotated[Copy | Literal[""], Query()] = "",
    undecided: bool = False,
    order: Literal["changed", "size", "weakest"] = "changed",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Clusters of two and more."""
    choice = ClusterChoice(
        words=q or None, lang=lang or None, source=source or None, kind=kind or None, undecided=undecided
    )
    found = cluster_listing.list_clusters(connection, choice, order=order, cursor=cursor)
    values = {
        "found": found,
        "order": order,
        "chosen": {"q": q, "lang": lang, "source": source, "kind": kind, "undecided": "1" if undecided else ""},
        "cursor": cursor,
        "open": doubt.count(connection),
        "doubtful": doubt.doubtful_clusters(connection, [row.id for row in found.rows]),
    }
    return page(request, "clusters.html", values)


@router.get("/clusters/{cluster_id}")
def one_cluster(
    request: Request, connection: Reading, cluster_id: str, whole: Annotated[bool, Query(alias="all")] = False
) -> Response:
    """One cluster: its members, the links between them with their evidence, related coverage apart."""
    row = cluster_listing.cluster_row(connection, cluster_id)
    if row is None:
        raise HTTPException(404, f"There is no cluster {cluster_id[:40]}.")
    if row["merged_into"]:
        return RedirectResponse(f"/clusters/{row['merged_into']}", status_code=308)
    members = members_of(connection, cluster_id, row["representative"])
    by_id = {member.id: member for member in members}
    found = cluster_listing.matches_among(connection, list(by_id), passages=False)
    branches = tree(members, found, row["representative"]) if len(members) > MATRIX else ()
    decided = decisions.about(connection, list(by_id))
    shown = members if whole else unfolded(members, row["representative"])
    values = {
        "cluster": row,
        "members": members,
        "shown": shown,
        "whole": whole,
        "back": request.url.path + ("?all=1" if whole else ""),
        "names": {member.id: letter(number) for number, member in enumerate(members)},
        "by_id": by_id,
        "head": by_id.get(row["representative"]) or (members[0] if members else None),
        "matches": found,
        "matrix": {(m.a, m.b): m for m in found} if len(members) <= MATRIX else {},
        "branches": branches if whole else branches[:SHOWN_BRANCHES],
        "more_branches": 0 if whole else max(0, len(branches) - SHOWN_BRANCHES),
        "picture": picture(branches, found) if branches else None,
        "evidence": evidence_of(connection, telling(found, row["representative"])[: 1 if whole else SHOWN]),
        "kinds": Counter(m.kind for m in members if m.kind),
        "langs": sorted({m.lang for m in members}),
        "sources": sorted({m.source for m in members if m.source}),
        "days": time_line(members),
        "related": listing.related_to(connection, list(by_id)),
        "decided": decided,
        "apart_from": {m.id: apart_from(m.id, row["representative"], found) for m in shown},
        "others": listing.listed(connection, {i for d in decided for i in (d.a, d.b)}),
    }
    return page(request, "cluster.html", values)


def members_of(connection: Connection, cluster_id: str, representative: str) -> tuple[Listed, ...]:
    """The members that a page can show, the oldest first; the representative is always among them."""
    members = listing.cluster_members(connection, cluster_id)
    if any(member.id == representative for member in members):
        return members
    head = listing.listed(connection, [representative]).values()
    return tuple(sorted([*members, *head], key=lambda member: (member.sort_at, member.id)))


def unfolded(members: tuple[Listed, ...], representative: str) -> tuple[Listed, ...]:
    """The members that the table shows unasked: the first ones and the representative."""
    if len(members) <= FOLDED:
        return members
    return members[:FOLDED] + tuple(member for member in members[FOLDED:] if member.id == representative)


def apart_from(member: str, representative: str, matches: tuple[Match, ...]) -> str | None:
    """From whom a member would be parted: the representative, or its strongest match where it is that itself."""
    if member != representative:
        return representative
    return next((m.b if m.a == member else m.a for m in matches if member in (m.a, m.b)), None)


def telling(matches: tuple[Match, ...], representative: str) -> tuple[Match, ...]:
    """Matches in the order in which they explain: those that hold a member nothing before held, then the rest.

    Exact copies go last, since there is nothing to explain about them.
    """
    order = sorted(matches, key=lambda m: (m.kind is Copy.EXACT, representative not in (m.a, m.b), -m.exact))
    held: set[str] = set()
    first: list[Match] = []
    rest: list[Match] = []
    for match in order:
        (rest if {match.a, match.b} <= held else first).append(match)
        held |= {match.a, match.b}
    return tuple(first + rest)


def evidence_of(connection: Connection, matches: tuple[Match, ...]) -> tuple[Evidence, ...]:
    """The matches with their passages; one whose article was just taken down is left out."""
    ids = sorted({id_ for m in matches for id_ in (m.a, m.b)})
    texts = articles.load_many(connection, ids)
    whole = {(m.a, m.b): m for m in cluster_listing.matches_among(connection, ids)}
    return tuple(evidence(whole[m.a, m.b], texts[m.a], texts[m.b]) for m in matches if m.a in texts and m.b in texts)


def letter(number: int) -> str:
    """A short name for a member: A, B, … Z, A1, B1, …"""
    return chr(ord("A") + number % 26) + (str(number // 26) if number >= 26 else "")


def time_line(members: tuple[Listed, ...]) -> tuple[tuple[str, float, int], ...]:
    """Where each member stands between the first and the last of them, 0 to 1, and how many lie under it there.

    Empty when all are of one moment. members: the oldest first.
    """
    times = [member.sort_at.timestamp() for member in members]
    if not times or times[-1] - times[0] < 60:
        return ()
    placed: list[tuple[str, float, int]] = []
    last, level = -1.0, 0
    for member, at in zip(members, times, strict=True):
        x = (at - times[0]) / (times[-1] - times[0])
        if x - last < 0.026:  # the width of a mark
            level = (level + 1) % 5
        else:
            last, level = x, 0
        placed.append((member.id, x, level))
    return tuple(placed)
