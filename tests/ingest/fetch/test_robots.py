"""What a site allows robots to read."""

from __future__ import annotations

from ingest.fetch.robots import LONGEST_DELAY_S, Rules, origin, product, read_rules, robots_url

AGENT = "Newsfold/0.1 (+https://example.org/newsfold)"
TEXT = b"""User-agent: *
Disallow: /private/
Crawl-delay: 600

User-agent: Newsfold
Disallow: /no-newsfold/
Allow: /no-newsfold/but-this
Crawl-delay: 2.5
"""


def test_our_own_rules_win_over_those_for_everybody() -> None:
    rules = read_rules(200, TEXT)
    assert rules.allows("https://e.org/private/a", AGENT)
    assert not rules.allows("https://e.org/no-newsfold/a", AGENT)
    assert rules.allows("https://e.org/no-newsfold/but-this", AGENT)
    assert not rules.allows("https://e.org/private/a", "Other/1.0")
    assert rules.crawl_delay(AGENT) == 2.5
    assert rules.crawl_delay("Other/1.0") == LONGEST_DELAY_S


def test_a_site_without_rules_allows_everything() -> None:
    for rules in (read_rules(404, b"User-agent: *\nDisallow: /"), read_rules(403, b""), read_rules(200, b"")):
        assert rules.allows("https://e.org/a", AGENT)
        assert rules.crawl_delay(AGENT) is None


def test_an_html_page_in_place_of_rules_is_no_rule() -> None:
    assert read_rules(200, b"<html><body>Not found</body></html>").allows("https://e.org/a", AGENT)


def test_while_the_rules_cannot_be_read_the_pages_wait() -> None:
    for status in (None, 500, 503, 429):
        rules = Rules(status, "")
        assert not rules.reachable and not rules.allows("https://e.org/a", AGENT)


def test_hostile_rules_are_read_without_harm() -> None:
    for body in (
        b"\x00" * 1000,
        b"Disallow: " + b"*" * 100_000,
        b"User-agent: *\nCrawl-delay: -9e99",
        b"\xff\xfe" * 99,
    ):
        rules = read_rules(200, b"User-agent: *\n" + body)
        rules.allows("https://e.org/" + "a" * 1000, AGENT)
        assert rules.crawl_delay(AGENT) is None


def test_where_the_rules_are() -> None:
    assert robots_url("https://E.org:8443/a/b?c") == "https://e.org:8443/robots.txt"
    assert origin("http://e.org/x") == "http://e.org"
    assert product(AGENT) == "Newsfold"
