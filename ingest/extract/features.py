"""What the line scorer looks at: numbers about each line, its neighbours and its place on the page.

No feature is about one site or one text: lengths, punctuation, function words, prompt words, capitals and digits, the
density of running text around, the place, repeats, and how far the words of a line are words of the article.
Kohlschütter et al. 2010, "Boilerplate detection using shallow text features", and what was added to it since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ingest.extract.line_features import NUMBERS, content_words, number_rows
from ingest.extract.rules import Hit, Rule
from ingest.extract.wording import Wording, is_sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_REPEATED = 250
"""Characters up to which a repeated line is suspicious; some pages carry their whole article twice."""

_GROUPS = {
    "comment": frozenset({"comment-form"}),
    "related": frozenset({"read-more"}),
    "titled_link": frozenset({"read-more with its title"}),
    "prompt": frozenset({"newsletter", "subscription-prompt", "log-in", "app-prompt", "alerts", "cookie-notice"}),
    "date": frozenset({"date-line", "byline"}),
    "nav": frozenset({"navigation", "legal", "share-bar"}),
    "credit": frozenset({"photo-credit", "caption", "photo-label"}),
}
"""Rules by what they say about the lines around them: after a comment form come comments, among dates teasers; after
"Read also" come teasers, after "Read also: The harbour in winter" the text goes on."""

TITLED = 12
"""Characters from which what stands beside the words of a rule is a title."""

_OF_A_PLACE = """good_before good_after good_share_before good_share_after rule_before rule_after place lines from_start
    from_end in_run from_run_start from_run_end run_share good"""

_OF_A_GAP = """gap_lines gap_open gap_place gap_colon gap_ruled gap_prompt gap_capitals gap_topical gap_ended gap_digits
    gap_length gap_spread"""

LINE_FEATURES = (
    *NUMBERS,
    *(f"is_{group}" for group in _GROUPS),
    *("ruled", "soft", "repeats", "repeats_start", "topical"),
)


_NO_RULE = (0.0,) * (len(_GROUPS) + 2)


@cache
def _groups_of(rule: Rule, titled: bool) -> tuple[float, ...]:
    id_ = "read-more with its title" if titled and rule.id == "read-more" else rule.id
    return tuple(float(id_ in group) for group in _GROUPS.values())


def _rule_numbers(hit: Hit, line: Wording) -> tuple[float, ...]:
    """What the rule that takes a line says about it."""
    titled = len(line.text) >= len(hit.matched) + TITLED
    return (*_groups_of(hit.rule, titled), float(hit.decides), float(hit.soft))


def line_matrix(lines: Sequence[Wording], hits: Sequence[Hit | None]) -> NDArray[np.float32]:
    """Features of each line by itself; shape (lines, len(LINE_FEATURES))."""
    import numpy as np

    ruled = [_rule_numbers(hit, line) if hit is not None else _NO_RULE for hit, line in zip(hits, lines, strict=True)]
    openings = [line.words[:3] for line in lines]
    repeated, opened = Counter([line.folded for line in lines]), Counter(openings)
    repeats = [
        (repeated[line.folded] - 1, opened[opening] - 1) if len(line.text) <= MAX_REPEATED else (0, 0)
        for line, opening in zip(lines, openings, strict=True)
    ]
    topics = np.asarray(topicality(lines), dtype=np.float32)
    columns = [number_rows(lines), np.asarray(ruled, np.float32), np.log1p(np.asarray(repeats)), topics[:, None]]
    return np.hstack(columns, dtype=np.float32, casting="same_kind")


def topicality(lines: Sequence[Wording], is_text: Sequence[bool] | None = None) -> list[float]:
    """Share of a line's content words that other running text of the page has; -1 where it has no content words.

    is_text: which lines are running text; None: those that read like sentences.
    """
    content = [content_words(line.text) for line in lines]
    if is_text is None:
        is_text = [is_sentence(line.text) for line in lines]
    once: set[str] = set()  # words of the running text
    more: set[str] = set()  # those of several lines of it
    for own, text in zip(content, is_text, strict=True):
        if text:
            more |= once & own
            once |= own
    return [
        len(own & (more if text else once)) / len(own) if own else -1.0
        for own, text in zip(content, is_text, strict=True)
    ]


NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
SPREADS = (2, 5, 12, 30)
_NEIGHBOUR_COLUMNS = ("log_chars", "ends_sentence", "function_share", "ruled", "topical", "capital_share")
CONTEXT_FEATURES = (
    *(f"{name}{offset:+d}" for offset in NEIGHBOURS for name in _NEIGHBOUR_COLUMNS),
    *(f"{name}~{spread}" for spread in SPREADS for name in ("good", "rule", "prompt", "length")),
    *(f"{group}_{side}" for group in _GROUPS for side in ("before", "after")),
    *_OF_A_PLACE.split(),
)
GAP_FEATURES = tuple(_OF_A_GAP.split())
"""Of lines alone: beside the votes on a page they are one thing too many (shingle F1 .979 with them, .981 without;
French pages .969, .979; cross-validated by site)."""
FEATURES = (*LINE_FEATURES, *CONTEXT_FEATURES, *GAP_FEATURES)


def page_matrix(wordings: Sequence[Wording], hits: Sequence[Hit | None], *, gaps: bool = True) -> NDArray[np.float32]:
    """All features, shape (lines, len(FEATURES)), one row a line in page order; without GAP_FEATURES on request."""
    import numpy as np

    lines = line_matrix(wordings, hits)
    column = {name: lines[:, i] for i, name in enumerate(LINE_FEATURES)}
    chars = np.expm1(column["log_chars"])
    ruled = np.maximum(column["ruled"], column["soft"])
    good = ((chars >= 80) & (column["ends_sentence"] > 0) & (ruled == 0)).astype(np.float32)
    seen = np.stack([column[name] for name in _NEIGHBOUR_COLUMNS], axis=1)
    around = np.stack([good, ruled, column["prompt_share"], np.minimum(chars, 400)], axis=1)
    groups = np.stack([column[f"is_{group}"] for group in _GROUPS], axis=1)
    sides = np.stack([distance(groups, forward=True), distance(groups, forward=False)], axis=2)
    blocks = [
        lines,
        *(shifted(seen, offset) for offset in NEIGHBOURS),
        *(spread_mean(around, spread) for spread in SPREADS),
        sides.reshape(len(lines), -1),
    ]
    blocks.append(_places(good, ruled, chars))
    if gaps:
        blocks.append(_gaps(good, ruled, column))
    return np.hstack(blocks, dtype=np.float32, casting="same_kind")


def _places(good: Any, ruled: Any, chars: Any) -> Any:
    """Where a line stands among the running text and the furniture of its page."""
    import numpy as np

    count = len(good)
    number = np.arange(count, dtype=np.float32)
    mass = good * np.minimum(chars, 600)
    total = max(1.0, float(mass.sum()))
    before = (np.cumsum(mass) - mass) / total
    start, end = densest_run(np.where(good > 0, np.minimum(chars, 600), -np.minimum(60, 15 + chars)).tolist())
    inside = ((number >= start) & (number < end)).astype(np.float32)
    return np.stack(
        [
            distance(good, forward=True),
            distance(good, forward=False),
            before,
            1.0 - before - mass / total,
            distance(ruled, forward=True),
            distance(ruled, forward=False),
            number / max(1, count),
            np.full(count, np.log1p(count)),
            np.log1p(number),
            np.log1p(count - 1 - number),
            inside,
            np.clip(number - start, -60, 60),
            np.clip(end - 1 - number, -60, 60),
            np.full(count, float(mass[start:end].sum()) / total),
            good,
        ],
        axis=1,
    )


def _gaps(good: Any, ruled: Any, column: Mapping[str, Any]) -> Any:
    """What stands together between two lines of running text: one line is a subhead, many alike are a list or teasers.

    All numbers are means over the gap but for its lines, whether it is open (before all text or after it), the place
    in it, whether its first line announces the others with a colon, and how far its lines differ in length.
    """
    import numpy as np

    gap = np.cumsum(good).astype(np.intp)
    inside = good == 0
    gaps = int(gap[-1]) + 1 if len(good) else 1
    size = np.bincount(gap[inside], minlength=gaps).astype(np.float32)
    own = np.maximum(size, 1)
    first = np.searchsorted(gap, np.arange(gaps)) + (np.arange(gaps) > 0)
    number = np.arange(len(good), dtype=np.float32)

    def mean(values: Any) -> Any:
        return np.bincount(gap[inside], weights=values[inside], minlength=gaps) / own

    colon = np.append(column["ends_colon"], 0.0)[np.minimum(first, len(good))]
    length = mean(column["log_chars"])
    means = [
        mean(column[name]) for name in ("prompt_share", "capital_share", "topical", "ends_sentence", "digit_share")
    ]
    spread = np.sqrt(np.maximum(0, mean(column["log_chars"] ** 2) - length**2))
    of_gap = np.stack([np.minimum(size, CAP), colon, mean(ruled), *means, length, spread], axis=1)[gap]
    is_open = (gap == 0) | (gap == gaps - 1)
    place = (number - first[gap]) / own[gap]
    rows = np.column_stack([of_gap[:, 0], is_open, place, of_gap[:, 1:]])
    return np.where(inside[:, None], rows, -1.0)


CAP = 40
"""Distances beyond so many lines are all the same."""


def distance(flags: Any, *, forward: bool) -> Any:
    """Lines since (forward) or until the nearest flag, the line itself not counted; CAP where there is none.

    flags: shape (lines,) or (lines, kinds of flags), as the distances.
    """
    import numpy as np

    flags = flags if forward else flags[::-1]
    number = np.arange(len(flags), dtype=np.float32).reshape(-1, *(1,) * (flags.ndim - 1))
    last = np.full((len(flags) + 1, *flags.shape[1:]), -np.inf)  # of the lines before each
    np.maximum.accumulate(np.where(flags > 0, number, -np.inf), axis=0, out=last[1:])
    away = np.minimum(number - last[:-1], CAP)
    return away if forward else away[::-1]


def shifted(values: Any, offset: int) -> Any:
    """The value of the line `offset` lines on, or its row of values; -1 beyond the page."""
    import numpy as np

    out = np.full_like(values, -1.0)
    if offset > 0:
        out[:-offset] = values[offset:] if offset < len(values) else out[:-offset]
    elif -offset < len(values):
        out[-offset:] = values[:offset]
    return out


def spread_mean(values: Any, spread: int) -> Any:
    """Mean over the lines up to `spread` lines away, the line itself included; of each column where there are some."""
    import numpy as np

    total = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=total[1:])
    number = np.arange(len(values))
    low, high = np.maximum(0, number - spread), np.minimum(len(values), number + spread + 1)
    return (total[high] - total[low]) / (high - low).reshape(-1, *(1,) * (values.ndim - 1))


def densest_run(values: Iterable[float]) -> tuple[int, int]:
    """First and one past the last line of the run with the greatest sum (Kadane); (0, 0) where none is positive."""
    best, best_sum, start, running = (0, 0), 0.0, 0, 0.0
    for i, value in enumerate(values):
        if running <= 0:
            start, running = i, 0.0
        running += value
        if running > best_sum:
            best, best_sum = (start, i + 1), running
    return best
