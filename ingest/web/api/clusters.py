"""/v1/clusters: which articles are one text, and what says so."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from ingest.publish.article import RelatedShape
from ingest.publish.cluster import ClusterSummary, FullCluster, match_shape
from ingest.store.duplicates import cluster_listing
from ingest.store.duplicates.cluster_listing import ClusterChoice, ListedCluster
from ingest.store.texts import listing
from ingest.web.api.articles import pair, summary
from ingest.web.api.pages import DEFAULT, Cursor, Limit, Page, page_of, unless_known
from ingest.web.database import Reading
from ingest.web.problems import described

router = APIRouter(prefix="/clusters", tags=["clusters"])


@router.get("", response_model=Page[ClusterSummary], responses=described(304, 401, 403, 422))
def list_clusters(
    request: Request,
    connection: Reading,
    cursor: Cursor = None,
    limit: Limit = DEFAULT,
    order: Annotated[
        Literal["changed", "size", "weakest"],
        Query(description="Latest change first, largest first, or weakest link first. A cursor belongs to one order."),
    ] = "changed",
    q: Annotated[str | None, Query(max_length=300, description="Full text over the members.")] = None,
    least: Annotated[int, Query(ge=1, le=1_000_000, description="Members at least; 1 includes single articles.")] = 2,
) -> Response:
    """Clusters of two and more."""
    choice = ClusterChoice(least=least, words=q)
    found = cluster_listing.list_clusters(connection, choice, order=order, cursor=cursor, limit=limit)
    return unless_known(request, page_of(request, [cluster_summary(row) for row in found.rows], found.next))


@router.get(
    "/{cluster_id}",
    response_model=FullCluster,
    responses=described(304, 401, 403, 404, 422)
    | {308: {"description": "The cluster was merged; Location names the one it lives on in."}},
)
def one_cluster(request: Request, connection: Reading, cluster_id: str) -> Response:
    """One cluster: members, the verified matches between them with the shared passages, related accounts."""
    row = cluster_listing.cluster_row(connection, cluster_id)
    if row is None:
        raise HTTPException(404, f"There is no cluster {cluster_id[:40]}.")
    if row["merged_into"]:
        return RedirectResponse(f"/v1/clusters/{row['merged_into']}", status_code=308)
    members = listing.cluster_members(connection, cluster_id)
    ids = [member.id for member in members]
    found = cluster_listing.matches_among(connection, ids)
    similarity = {pair(match): match.exact for match in found}
    body = FullCluster(
        id=cluster_id,
        size=row["size"],
        canonical_id=row["representative"],
        chosen=row["chosen"],
        weakest=row["weakest"],
        created=row["created_at"],
        changed=row["changed_at"],
        members=tuple(summary(m, similarity.get(frozenset((m.id, row["representative"])))) for m in members),
        matches=tuple(match_shape(match) for match in found),
        related=tuple(
            RelatedShape(id=other.id, similarity=close) for other, close in listing.related_to(connection, ids)
        ),
    )
    return unless_known(request, body)


def cluster_summary(row: ListedCluster) -> ClusterSummary:
    """A row of a list as it goes out."""
    return ClusterSummary(
        id=row.id,
        size=row.size,
        canonical=summary(row.head),
        chosen=row.chosen,
        weakest=row.weakest,
        languages=row.langs,
        sources=row.sources,
        kinds=row.kinds,
        created=row.created,
        changed=row.changed,
    )
