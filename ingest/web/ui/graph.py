"""How a large cluster hangs together: from its representative along the strongest links, and all links as one picture.

Who is joined by what is a maximum spanning tree (Prim 1957): each member hangs on the member that is most like it among
those already there. A chain shows as depth, and a weak link stands where it holds something. The picture has a row and
a column for every member in the order of that tree, so that what is one text is one dark square.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from ingest.store.texts.listing import Listed
from ingest.types import Copy, Match

SHOWN = 40
"""Rows of the tree that a page shows at first."""

MOST_PICTURED = 100
"""Members up to which the picture has a row each: more would be dust."""

CELL = 9
SHADES = 5


@dataclass(frozen=True, slots=True)
class Branch:
    """A member where it hangs, with the exact copies of it that say nothing new."""

    member: Listed
    depth: int  # links from the representative
    above: str | None  # the member in whose row it hangs; None: the representative
    link: Match | None  # on its parent, or on a copy of that; None: the representative, or no link is recorded
    copies: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """All links of a cluster as squares: one SVG path per shade, the darkest for the most similar."""

    size: int  # of the side
    ids: tuple[str, ...]  # of rows and columns
    shades: tuple[str, ...]
    linked: int  # pairs


def tree(members: Sequence[Listed], matches: Sequence[Match], root: str) -> tuple[Branch, ...]:
    """The members depth first, the strongest branch first; exact copies stand with the member they copy."""
    by_id = {member.id: member for member in members}
    near: dict[str, list[tuple[str, Match]]] = defaultdict(list)
    for match in matches:
        near[match.a].append((match.b, match))
        near[match.b].append((match.a, match))
    children: dict[str | None, list[tuple[str, Match | None]]] = defaultdict(list)
    copies: dict[str, list[Listed]] = defaultdict(list)
    owner: dict[str | None, str] = {}  # whose row a member stands in
    open_: list[tuple[bool, float, str, str | None, Match | None]] = [(False, -1.0, root, None, None)]
    while open_:
        _, _, id_, parent, link = heappop(open_)
        if id_ in owner or id_ not in by_id:
            continue
        above = owner.get(parent)
        if above is not None and link is not None and link.kind is Copy.EXACT:
            copies[above].append(by_id[id_])
            owner[id_] = above
        else:
            children[above].append((id_, link))
            owner[id_] = id_
        for other, match in near[id_]:
            if other not in owner:  # copies before others of the same similarity, then the more similar
                heappush(open_, (match.kind is not Copy.EXACT, -match.exact, other, id_, match))
    for member in members:
        if member.id in owner:
            continue
        if member.kind is Copy.EXACT:
            copies[root].append(member)
        else:
            children[root].append((member.id, None))
    rows: list[Branch] = []
    stack: list[tuple[str, str | None, Match | None, int]] = [
        (id_, None, link, 0) for id_, link in reversed(children[None])
    ]
    while stack:
        id_, above, link, depth = stack.pop()
        rows.append(Branch(by_id[id_], depth, above, link, tuple(copies[id_])))
        stack += [(child, id_, its, depth + 1) for child, its in reversed(children[id_])]
    return tuple(rows)


def picture(branches: Sequence[Branch], matches: Sequence[Match]) -> Picture | None:
    """The links of these members as squares, exact copies in the row of what they copy; None: too many to see any.

    Two rows are as alike as the strongest link between them says.
    """
    ids = tuple(branch.member.id for branch in branches)
    if len(ids) > MOST_PICTURED:
        return None
    place = {member.id: row for row, branch in enumerate(branches) for member in (branch.member, *branch.copies)}
    strongest: dict[tuple[int, int], float] = {}
    for match in matches:
        if match.a in place and match.b in place and place[match.a] != place[match.b]:
            x, y = sorted((place[match.a], place[match.b]))
            strongest[x, y] = max(match.exact, strongest.get((x, y), 0.0))
    squares: list[list[str]] = [[] for _ in range(SHADES)]
    for (one, other), exact in strongest.items():
        for x, y in ((one, other), (other, one)):
            square = f"M{x * CELL} {y * CELL}h{CELL - 1}v{CELL - 1}h-{CELL - 1}z"
            squares[min(SHADES - 1, int(exact * SHADES))].append(square)
    return Picture(len(ids) * CELL, ids, tuple("".join(shade) for shade in squares), len(strongest))
