"""How long a site asks us to stay away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.waits import LONGEST_S, fresh_for, http_date, retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sat, 21 Nov 2026 12:02:00 GMT", 120.0),
        ("Saturday, 21-Nov-26 12:02:00 GMT", 120.0),
        ("Sat Nov 21 12:02:00 2026", 120.0),
        ("Sat, 21 Nov 2020 12:02:00 GMT", 0.0),
        ("999999999999999999", LONGEST_S),
        ("-9e99", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1" * 400, None),
    ],
)
def test_retry_after_in_both_forms(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_a_date_is_measured_on_the_servers_own_clock() -> None:
    headers = {"retry-after": "Sat, 21 Nov 2026 15:01:00 GMT", "date": "Sat, 21 Nov 2026 15:00:00 GMT"}
    assert retry_after(headers, NOW) == 60


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "public, max-age=600"}, 600.0),
        ({"cache-control": 'max-age="600"', "age": "100"}, 500.0),
        ({"cache-control": "max-age=600, no-cache"}, 0.0),
        ({"cache-control": "max-age=-1"}, 0.0),
        ({"expires": "Sat, 21 Nov 2026 12:10:00 GMT"}, 600.0),
        ({"expires": "0"}, 0.0),
        ({"cache-control": "max-age=60", "expires": "Sat, 21 Nov 2026 13:00:00 GMT"}, 60.0),
        ({}, 0.0),
    ],
)
def test_how_long_an_answer_is_good(headers: dict[str, str], seconds: float) -> None:
    assert fresh_for(headers, NOW) == seconds


@given(st.text(max_size=80))
def test_no_header_breaks_the_reader(value: str) -> None:
    assert (http_date(value) or NOW).tzinfo is not None
    assert 0 <= (retry_after({"retry-after": value}) or 0) <= LONGEST_S
    assert 0 <= fresh_for({"cache-control": f"max-age={value}", "expires": value, "age": value}) <= LONGEST_S
