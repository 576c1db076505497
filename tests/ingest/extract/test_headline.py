"""Which line above the text is the headline."""

import pytest

from ingest.extract.headline import find_headline
from ingest.extract.wording import wording

TEXT = "The harbour was closed for two days after the storm, and the ferries stayed in the port until Sunday."
HEADLINE = "Storm closes the harbour for two days"
STANDFIRST = "Ferries stayed in port, and the fishermen count what is left of their boats"
BETWEEN = (
    "Published Wed, Nov 20 2019 4:29 AM EST",
    "By Anna Berg, harbour correspondent",
    "Anna Berg",
    "The harbour of Kessin on Monday (Image: Getty)",
    "Gift this article free",
    "Prefer the Courier on Google",
    "3 min read",
)


def headline(
    lines: tuple[str, ...], scores: tuple[float, ...], furniture: tuple[bool, ...] | None = None
) -> str | None:
    """The headline among lines of which those with a score of at least .5 are taken for text."""
    kept = [score >= 0.5 for score in scores]
    place = find_headline([wording(line) for line in lines], kept, furniture or (False,) * len(lines), scores)
    return None if place is None else lines[place]


def test_a_standfirst_is_not_taken_for_the_headline_above_it() -> None:
    assert headline((HEADLINE, STANDFIRST, TEXT), (0.1, 0.5, 0.9)) == HEADLINE


def test_the_name_of_the_paper_is_no_headline() -> None:
    assert headline(("The paper of the northern coast", HEADLINE, TEXT), (0.1, 0.2, 0.9)) == HEADLINE


@pytest.mark.parametrize("line", BETWEEN)
def test_what_stands_between_headline_and_text_is_no_headline(line: str) -> None:
    assert headline((HEADLINE, line, TEXT), (0.1, 0.05, 0.9)) == HEADLINE
    assert headline((line, TEXT), (0.05, 0.9)) is None


def test_a_teaser_of_another_article_is_not_taken_for_the_headline_further_up() -> None:
    lines = ("Menu", HEADLINE, *BETWEEN, "Council argues about a new swimming pool", TEXT)
    assert headline(lines, (*(0.1,) * (len(lines) - 1), 0.9)) == HEADLINE


def test_a_line_that_may_be_text_is_the_headline_where_there_is_no_other() -> None:
    assert headline((HEADLINE, TEXT), (0.4, 0.9)) == HEADLINE


def test_a_line_that_is_surely_text_is_no_headline() -> None:
    assert headline(("Menu", STANDFIRST, TEXT), (0.1, 0.8, 0.9)) is None


@pytest.mark.parametrize("between", [(), (STANDFIRST,), ("By Anna Berg",)])
def test_a_text_without_furniture_opens_with_its_headline(between: tuple[str, ...]) -> None:
    lines = (HEADLINE, *between, TEXT)
    furniture = tuple(line.startswith("By ") for line in lines)
    scores = tuple(0.1 if taken else 0.9 for taken in furniture)
    assert headline(lines, scores, furniture) == HEADLINE
    assert headline((*lines[:-1], "Boats will sail again on Sunday, it says."), scores, furniture) == HEADLINE


def test_a_name_above_the_headline_of_a_text_without_furniture_is_not_taken_for_it() -> None:
    title = "Stadtrat beschließt neue Straßenbahn"
    text = "Der Stadtrat von Neukirch hat am Dienstag eine Straßenbahn zwischen Hafen und Universität beschlossen."
    lines = ("Eva Lind", "Redakteurin für Verkehr", title, text)
    assert headline(lines, (0.5, 0.5, 0.74, 0.9)) == title


@pytest.mark.parametrize(
    "line", ["Good morning, dear readers,", "- a torch and a map", "Kessin (Reuters) in March", "Hm"]
)
def test_the_first_line_of_a_text_is_not_its_headline_whatever_it_says(line: str) -> None:
    assert headline((line, TEXT), (0.9, 0.9)) is None


@pytest.mark.parametrize(
    "line",
    ["LEEDS, March 3", "LEEDS, England, March 3, 2026 (Reuters) -", "BERLIN, 3. März (dpa)", "PARIS, le 3 mars (AFP) –",
     "ŁÓDŹ, March 3 (PAP) -", "NEW YORK, March 3, 2026 /PRNewswire/ --", "WESTMERE — 14 MARCH", "ROMA, 3 marzo (ANSA)",
     "https://www.example.org/2026/03/storm-closes-harbour"],
)  # fmt: skip
def test_a_dateline_or_an_address_is_no_headline(line: str) -> None:
    assert headline((line, TEXT), (0.1, 0.9)) is None
    assert headline((line, TEXT, TEXT), (0.9, 0.9, 0.9)) is None
    assert headline((line, HEADLINE, TEXT), (0.9, 0.9, 0.9)) == HEADLINE


def test_a_day_that_the_text_is_about_may_be_in_a_headline() -> None:
    assert headline(("STORM, 11 March 1998", "Harbour closed", TEXT), (0.9, 0.9, 0.9)) == "STORM, 11 March 1998"


def test_a_line_that_a_rule_has_taken_is_no_headline() -> None:
    assert headline((HEADLINE, TEXT), (0.1, 0.9), (True, False)) is None


def test_a_text_that_opens_the_page_has_no_headline() -> None:
    assert headline((TEXT, HEADLINE), (0.9, 0.1)) is None
    assert headline((), ()) is None
