"""Large clusters are drawn from the representative along the strongest links."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ingest.store.texts.listing import Listed
from ingest.types import Copy, Match
from ingest.web.ui.graph import picture, tree

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def member(id_: str, kind: Copy | None = Copy.NEAR) -> Listed:
    return Listed(id_, 1, id_, id_, "", "fr", None, None, None, NOW, NOW, NOW, (), False, "c", 9, "a", kind)


def link(a: str, b: str, exact: float, kind: Copy = Copy.NEAR) -> Match:
    return Match(min(a, b), max(a, b), exact, exact, "weighed-evidence", kind)


def drawn(ids: str, *links: Match) -> list[tuple[str, int, str]]:
    rows = tree([member(id_) for id_ in ids], links, "a")
    return [(row.member.id, row.depth, "".join(copy.id for copy in row.copies)) for row in rows]


def test_member_hangs_on_the_one_it_is_most_like() -> None:
    links = link("a", "b", 0.9), link("a", "c", 0.3), link("b", "c", 0.7)
    assert drawn("abc", *links) == [("a", 0, ""), ("b", 1, ""), ("c", 2, "")]


def test_exact_copies_stand_with_what_they_copy() -> None:
    links = link("a", "b", 0.5), link("b", "c", 1.0, Copy.EXACT), link("c", "d", 1.0, Copy.EXACT)
    assert drawn("abcd", *links) == [("a", 0, ""), ("b", 1, "cd")]


def test_link_on_a_copy_shows_in_the_row_of_what_it_copies() -> None:
    links = link("a", "b", 1.0, Copy.EXACT), link("b", "c", 0.9), link("a", "c", 0.3)
    rows = tree([member(id_) for id_ in "abc"], links, "a")
    assert [(row.member.id, row.above) for row in rows] == [("a", None), ("c", "a")]
    seen = picture(rows, links)
    assert seen is not None
    assert (seen.linked, [bool(shade) for shade in seen.shades]) == (1, [False] * 4 + [True])


def test_member_without_a_link_is_shown_all_the_same() -> None:
    assert drawn("abz", link("a", "b", 0.5)) == [("a", 0, ""), ("b", 1, ""), ("z", 1, "")]


@given(
    st.lists(
        st.tuples(st.integers(0, 14), st.integers(0, 14), st.floats(0, 1), st.sampled_from(list(Copy))), max_size=40
    )
)
def test_every_member_is_drawn_once(pairs: list[tuple[int, int, float, Copy]]) -> None:
    ids = [chr(97 + n) for n in range(15)]
    links = {(min(a, b), max(a, b)): (exact, kind) for a, b, exact, kind in pairs if a != b}
    matches = [link(ids[a], ids[b], exact, kind) for (a, b), (exact, kind) in links.items()]
    rows = tree([member(id_) for id_ in ids], matches, "a")
    assert sorted(one.id for row in rows for one in (row.member, *row.copies)) == ids
    assert rows[0].member.id == "a"
    seen = picture(rows, matches)
    assert seen is not None
    row_of = {one.id: row.member.id for row in rows for one in (row.member, *row.copies)}
    linked = {frozenset((row_of[match.a], row_of[match.b])) for match in matches}
    assert seen.linked == sum(len(pair) == 2 for pair in linked)
    assert "".join(seen.shades).count("M") == 2 * seen.linked
