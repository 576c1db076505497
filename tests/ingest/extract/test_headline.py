"""Which line above the text is the headline."""

from ingest.extract.headline import find_headline

TEXT = "The harbour was closed for two days after the storm, and the ferries stayed in the port until Sunday."
HEADLINE = "Storm closes the harbour for two days"
STANDFIRST = "Ferries stayed in port, and the fishermen count what is left of their boats"


def headline(
    lines: tuple[str, ...], scores: tuple[float, ...], furniture: tuple[bool, ...] | None = None
) -> str | None:
    place = find_headline(lines, furniture or (False,) * len(lines), scores)
    return None if place is None else lines[place]


def test_a_standfirst_is_not_taken_for_the_headline_above_it() -> None:
    assert headline((HEADLINE, STANDFIRST, TEXT), (0.1, 0.5, 0.9)) == HEADLINE


def test_the_last_line_without_the_looks_of_text_is_the_headline() -> None:
    assert headline(("The paper of the northern coast", HEADLINE, TEXT), (0.1, 0.2, 0.9)) == HEADLINE


def test_a_line_that_may_be_text_is_the_headline_where_there_is_no_other() -> None:
    assert headline((HEADLINE, TEXT), (0.5, 0.9)) == HEADLINE


def test_a_line_that_is_surely_text_is_no_headline() -> None:
    assert headline((STANDFIRST, TEXT), (0.8, 0.9)) is None


def test_a_line_that_a_rule_has_taken_is_no_headline() -> None:
    assert headline((HEADLINE, TEXT), (0.1, 0.9), (True, False)) is None
