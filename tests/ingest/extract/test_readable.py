"""Our readability against the library's own, on the same trees."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from readability import Document
from readability.readability import Unparseable

from ingest.extract.readable import Readable
from ingest.extract.vote import parse

SENTENCE = "The council, after a long night, agreed on the new line, on its stops and on what it may cost. "


class Plain(Document):  # type: ignore[misc]
    """The library with nothing but the tree put in and the result left out."""

    _parse = Readable._parse
    get_clean_html = Readable.get_clean_html


def tags(content: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tag = st.sampled_from(["div", "div", "p", "span", "a", "section", "article", "main", "ul", "li", "h2", "pre", "td"])
    name = st.sampled_from(["", "comment", "comment-body", "sidebar", "article-text", "footer", "story", "promo", "x"])
    void = st.sampled_from(["", "<br>", "<img src=a.png>", "<picture></picture>", "\n\t "])
    return st.builds(
        lambda tag, names, void, inside: f'<{tag} class="{names[0]}" id="{names[1]}">{void}{"".join(inside)}</{tag}>',
        tag,
        st.tuples(name, name),
        void,
        st.lists(content, max_size=4),
    )


TEXT = st.builds(
    lambda times, blank: (blank + SENTENCE) * times, st.integers(0, 6), st.sampled_from(["", "  ", "\n \n", "\t"])
)
PAGES = st.lists(st.recursive(TEXT, tags, max_leaves=25), min_size=1, max_size=5)


def result(kind: type[Any], html: str) -> str:
    document = kind(parse(html))
    try:
        document.summary(html_partial=True)
    except Unparseable as error:
        return f"unparseable: {error}"
    return str(etree.tostring(document.html, encoding="unicode"))


@given(PAGES)
def test_the_result_is_the_librarys(pieces: list[str]) -> None:
    html = f"<html><body>{''.join(pieces)}</body></html>"
    assert result(Readable, html) == result(Plain, html)


BLANKS = st.text("ab \t\n\u00a0", max_size=30)


@given(BLANKS, BLANKS)
def test_the_share_of_links_is_the_librarys(linked: str, other: str) -> None:
    tree = parse(f"<html><body><p><b><a>{linked}</a> </b>{other}</p></body></html>")
    assert Readable(tree).get_link_density(tree) == Plain(tree).get_link_density(tree)


def test_the_tree_stays_as_it_is() -> None:
    tree = parse(f"<html><body><div class=comment>x</div><div>{SENTENCE * 5}</div></body></html>")
    before = etree.tostring(tree)
    Readable(tree).summary(html_partial=True)
    assert etree.tostring(tree) == before
