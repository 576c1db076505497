"""What the line scorer looks at: numbers about each line, its neighbours and its place on the page.

No feature is about one site or one text: lengths, punctuation, function words, prompt words, capitals and digits, the
density of running text around, the place, repeats, and how far the words of a line are words of the article.
Kohlschütter et al. 2010, "Boilerplate detection using shallow text features", and what was added to it since.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import log1p
from typing import TYPE_CHECKING, Any

from ingest.extract.rules import Hit, Wording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FUNCTION_WORDS = {
    "fr": """le la les l un une des du de d et en à au aux que qu qui dans pour par sur ce cette ces il elle ils elles
        on ne pas plus se s son sa ses leur leurs avec est sont a ont été être avait était mais ou où comme dont entre
        après sans sous lors depuis selon aussi même très fait c n y""",
    "de": """der die das den dem des ein eine einen einem einer eines und in im zu zum zur von vom mit auf für an am als
        auch es er sie ist sind war waren wird werden wurde hat haben hatte nicht dass sich bei nach aus um über vor
        durch aber oder wie so noch nur seit sein seine ihre ihr mehr wenn""",
    "en": """the a an of and to in on for with by at from as that this it its is are was were be been has have had he
        she they his her their not but or which who will would said after about than more when into over also there""",
}
_LANGUAGE_SETS = tuple(frozenset(words.split()) for words in _FUNCTION_WORDS.values())
_ANY_FUNCTION_WORD = frozenset[str]().union(*_LANGUAGE_SETS)

_PROMPT_WORDS = """
    vous votre vos notre nos nous je mon ma mes ici cliquez découvrez recevez suivez partager lire voir aussi gratuit
    abonnés abonnement compte articles commentaires connexion tous toutes
    ihr ihre ihnen ihren uns unser unsere unseren jetzt hier mehr lesen artikel anmelden kostenlos klicken thema teilen
    alle abo kommentare bitte
    you your our us we my me click here read more now sign subscribe subscribers free get follow share article stories
    newsletter newsletters email e mail comments comment account please all view latest news
    copyright cookies cookie privacy policy datenschutz impressum facebook twitter instagram youtube whatsapp video
    podcast app abonnieren login"""
_PERSON_WORDS = "i me my we our us you your je j me mon ma mes tu te nous vous ich mir mich mein meine du dir wir"

_PROMPTS = frozenset(_PROMPT_WORDS.split())
_PERSON = frozenset(_PERSON_WORDS.split())
_CLOSING = "»”\"“)’']"
_SENTENCES = re.compile(r"[.!?…][»”\"“)’']*\s+[«„“\"‘'(]?[A-ZÀ-ÖØ-Þ0-9]")
_LIST_MARK = re.compile(r"^(?:[-–—•*·▪►>+]|\d{1,2}[.)]) ?")

LONG = 80
"""Characters from which a line that ends like a sentence is taken for running text."""

MAX_REPEATED = 250
"""Characters up to which a repeated line is suspicious; some pages carry their whole article twice."""


def is_sentence(text: str) -> bool:
    """A line that reads like running text: long, and ended like a sentence."""
    return len(text) >= LONG and text.rstrip(_CLOSING + " ")[-1:] in tuple(".!?…")


_GROUPS = {
    "comment": frozenset({"comment-form"}),
    "related": frozenset({"read-more"}),
    "prompt": frozenset({"newsletter", "subscription-prompt", "log-in", "app-prompt", "alerts", "cookie-notice"}),
    "date": frozenset({"date-line", "byline"}),
    "nav": frozenset({"navigation", "legal", "share-bar"}),
    "credit": frozenset({"photo-credit", "caption", "photo-label"}),
}
"""Rules by what they say about the lines around them: after a comment form come comments, among dates teasers."""

_OF_A_LINE = """log_chars words word_length longest_word ends_sentence ends_colon ends_other ends_cut function_share
    function_one_language prompt_share person_share capital_share upper_share digit_share commas bars quotes
    sentences starts_lower starts_quote list_mark question exclamation parens year"""
_OF_A_PLACE = """good_before good_after good_share_before good_share_after rule_before rule_after place lines from_start
    from_end in_run from_run_start from_run_end run_share good"""

LINE_FEATURES = (
    *_OF_A_LINE.split(),
    *(f"is_{group}" for group in _GROUPS),
    *("ruled", "soft", "repeats", "repeats_start", "topical"),
)


def _line_numbers(line: Wording, hit: Hit | None) -> list[float]:
    """The features of one line by itself, but for repeats and topicality."""
    text, words = line.text, line.words
    chars = len(text)
    count = len(words) or 1
    counts = [sum(map(language.__contains__, words)) for language in _LANGUAGE_SETS]
    tokens = text.split()
    size = len(tokens) or 1
    last = text[-1:]
    end = last in ".!?…" or (last in _CLOSING and text.rstrip(_CLOSING)[-1:] in ".!?…" and len(text) > 1)
    cut = text.endswith(("...", "…", "[…]", "[...]"))
    long = chars > 40
    rule = hit.rule if hit is not None else None
    ident = rule.id if rule is not None else ""
    return [
        log1p(chars),
        float(len(words)),
        chars / size,
        float(max(map(len, tokens), default=0)),
        float(end),
        float(last == ":"),
        float(not end and last in "»”\"“)’'],;-–"),
        float(cut),
        sum(map(_ANY_FUNCTION_WORD.__contains__, words)) / count,
        max(counts) / count,
        sum(map(_PROMPTS.__contains__, words)) / count,
        sum(map(_PERSON.__contains__, words)) / count,
        sum(1 for token in tokens if token[0].isupper()) / size,
        sum(1 for token in tokens if token.isupper() and len(token) > 1) / size,
        sum(map(str.isdigit, text)) / (chars or 1),
        text.count(",") / size,
        float(text.count("|") + text.count("•") + text.count("·") + text.count("»") + text.count("›")),
        float(text.count('"') + text.count("“") + text.count("„") + text.count("«")),
        float(len(_SENTENCES.findall(text))) if long else 0.0,
        float(text[:1].islower()),
        float(text[:1] in "«„“\"‘'»"),
        float(_LIST_MARK.match(text) is not None),
        float("?" in text),
        float("!" in text),
        float(text.count("(")),
        float(any(word.isdigit() and len(word) == 4 and word[:2] in ("19", "20") for word in words)),
        *(float(ident in group) for group in _GROUPS.values()),
        float(rule is not None and rule.kind != "keep" and not rule.soft),
        float(rule is not None and rule.soft),
    ]


def line_matrix(lines: Sequence[Wording], hits: Sequence[Hit | None]) -> NDArray[np.float32]:
    """Features of each line by itself; shape (lines, len(LINE_FEATURES))."""
    import numpy as np

    rows = [_line_numbers(line, hit) for line, hit in zip(lines, hits, strict=True)]
    repeated = Counter(line.folded for line in lines)
    openings = Counter(line.words[:3] for line in lines)
    for row, line, topic in zip(rows, lines, topicality(lines), strict=True):
        short = len(line.text) <= MAX_REPEATED
        row.append(log1p(repeated[line.folded] - 1) if short else 0.0)
        row.append(log1p(openings[line.words[:3]] - 1) if short else 0.0)
        row.append(topic)
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), len(LINE_FEATURES))


def topicality(lines: Sequence[Wording], is_text: Sequence[bool] | None = None) -> list[float]:
    """Share of a line's content words that other running text of the page has; -1 where it has no content words.

    is_text: which lines are running text; None: those that read like sentences.
    """
    running: Counter[str] = Counter()
    content = [{word for word in line.words if len(word) > 3 and word not in _ANY_FUNCTION_WORD} for line in lines]
    if is_text is None:
        is_text = [is_sentence(line.text) for line in lines]
    for own, text in zip(content, is_text, strict=True):
        if text:
            running.update(own)
    return [
        sum(1 for word in own if running[word] > text) / len(own) if own else -1.0
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
FEATURES = (*LINE_FEATURES, *CONTEXT_FEATURES)


def page_matrix(wordings: Sequence[Wording], hits: Sequence[Hit | None]) -> NDArray[np.float32]:
    """All features of the first stage; shape (lines, len(FEATURES)), one row a line in page order."""
    import numpy as np

    lines = line_matrix(wordings, hits)
    column = {name: lines[:, i] for i, name in enumerate(LINE_FEATURES)}
    chars = np.expm1(column["log_chars"])
    ruled = np.maximum(column["ruled"], column["soft"])
    good = ((chars >= 80) & (column["ends_sentence"] > 0) & (ruled == 0)).astype(np.float32)
    blocks = [lines]
    blocks += [shifted(column[name], offset)[:, None] for offset in NEIGHBOURS for name in _NEIGHBOUR_COLUMNS]
    for spread in SPREADS:
        for values in (good, ruled, column["prompt_share"], np.minimum(chars, 400)):
            blocks.append(spread_mean(values, spread)[:, None])
    for group in _GROUPS:
        flags = column[f"is_{group}"]
        blocks += [distance(flags, forward=True)[:, None], distance(flags, forward=False)[:, None]]
    blocks.append(_places(good, ruled, chars))
    return np.ascontiguousarray(np.hstack(blocks), dtype=np.float32)


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


CAP = 40
"""Distances beyond so many lines are all the same."""


def distance(flags: Any, *, forward: bool) -> Any:
    """Lines since (forward) or until the nearest flag, the line itself not counted; CAP where there is none."""
    import numpy as np

    flags = flags if forward else flags[::-1]
    number = np.arange(len(flags), dtype=np.float32)
    last = np.maximum.accumulate(np.where(flags > 0, number, -np.inf))
    previous = np.concatenate([[-np.inf], last[:-1]])
    away = np.minimum(number - previous, CAP)
    return away if forward else away[::-1]


def shifted(values: Any, offset: int) -> Any:
    """The value of the line `offset` lines on; -1 beyond the page."""
    import numpy as np

    out = np.full_like(values, -1.0)
    if offset > 0:
        out[:-offset] = values[offset:] if offset < len(values) else out[:-offset]
    elif -offset < len(values):
        out[-offset:] = values[:offset]
    return out


def spread_mean(values: Any, spread: int) -> Any:
    """Mean over the lines up to `spread` lines away, the line itself included."""
    import numpy as np

    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    number = np.arange(len(values))
    low, high = np.maximum(0, number - spread), np.minimum(len(values), number + spread + 1)
    return (total[high] - total[low]) / (high - low)


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
