"""Why two articles stand together: the kind of copy, and the passages they share, with offsets on both sides."""

from __future__ import annotations

from ingest.dedup.features import Detail, detail, featurize, signed_text
from ingest.dedup.verify import Aligned, Evidence, verify
from ingest.types import Copy, SharedPassage

MOST_PASSAGES = 60

RULE_SAME = "same-text"
RULE_SAME_APART = "same-text-apart"
RULE_EVIDENCE = "weighed-evidence"
RULE_TEASER = "contained"
RULE_MUST = "must-link"

RULES = {
    RULE_SAME: "the texts are the same but for typography",
    RULE_SAME_APART: "the texts are the same, but time or a decision keeps them as two",
    RULE_EVIDENCE: "shared stems and sentences that correspond one by one outweigh what differs",
    RULE_TEASER: "the shorter text is contained in the longer one",
    RULE_MUST: "a person said so",
}
"""What each rule id means, for people."""


REPRESENTATIVE = (
    "Of the members with at least 60 % of the longest one's words: one written in English before a translation, then "
    "the earliest. A person's choice comes first."
)
"""How the article that stands for a cluster is chosen, for people; `ingest.pipeline.regroup` does it."""


def kind_of(evidence: Evidence, lang_a: str, lang_b: str, *, one_publisher: bool = False) -> Copy:
    """In what way a verified pair are copies; `lang_*` are the languages they were written in.

    An edited copy by the publisher of the first is a revision: a story put out again under another address.
    """
    if evidence.teaser:
        return Copy.TEASER
    if lang_a != lang_b:
        return Copy.TRANSLATED
    return Copy.REVISION if one_publisher else Copy.NEAR


def rule_of(evidence: Evidence) -> str:
    """The id of the rule that accepted a verified pair."""
    return RULE_TEASER if evidence.teaser else RULE_EVIDENCE


def passages(
    evidence: Evidence, a: Detail, b: Detail, offset_a: int = 0, offset_b: int = 0
) -> tuple[SharedPassage, ...]:
    """The passages two texts share, in the order of the first; counterparts in a row on both sides are one passage.

    offset_*: characters of the signed text before the article's text (its title and a line break); what lies in
    them is left out.
    """
    runs: list[list[Aligned]] = []
    for pair in _in_order_of_a(evidence):
        if runs and (runs[-1][-1].light + 1, runs[-1][-1].heavy + 1) == (pair.light, pair.heavy):
            runs[-1].append(pair)
        else:
            runs.append([pair])
    found = []
    for run in runs:
        a_start, a_end = a.sentences[run[0].light].start - offset_a, a.sentences[run[-1].light].end - offset_a
        b_start, b_end = b.sentences[run[0].heavy].start - offset_b, b.sentences[run[-1].heavy].end - offset_b
        if a_end > 0 and b_end > 0:
            found.append(SharedPassage(max(0, a_start), a_end, max(0, b_start), b_end))
    return tuple(found[:MOST_PASSAGES])


def _in_order_of_a(evidence: Evidence) -> list[Aligned]:
    """The alignment read from a's side: `light` is the position in a, `heavy` the one in b."""
    if not evidence.swapped:
        return list(evidence.aligned)
    turned = (Aligned(pair.heavy, pair.light, pair.similarity) for pair in evidence.aligned)
    return sorted(turned, key=lambda pair: (pair.light, pair.heavy))


def compare(title_a: str, text_a: str, title_b: str, text_b: str) -> tuple[Evidence | None, tuple[SharedPassage, ...]]:
    """The evidence about two English articles and the passages they share; None where nothing speaks for a copy."""
    one, other = signed_text(title_a, text_a), signed_text(title_b, text_b)
    detail_a, detail_b = detail(one), detail(other)
    evidence = verify(featurize(one), featurize(other), lambda: detail_a, lambda: detail_b)
    if evidence is None:
        return None, ()
    return evidence, passages(evidence, detail_a, detail_b, len(one) - len(text_a), len(other) - len(text_b))
