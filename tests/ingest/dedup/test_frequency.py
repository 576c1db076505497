"""Stems are the same whichever Snowball binding is at hand: signatures of one scheme may come from either."""

from __future__ import annotations

import pytest

from ingest.dedup.frequency import LANGUAGES, plain_stemmer, stemmer, vocabulary
from ingest.dedup.normalize import strip_accents

ODD = ["aïoli", "straße", "fußgängerübergängen", "d’ailleurs", "élèves", "yyy", "ying", "skies", "x", "ŀl", "çà", "ﬁn"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_fast_stemmer_and_the_plain_one_agree(lang: str) -> None:
    pytest.importorskip("Stemmer")
    fast, plain = stemmer(lang), plain_stemmer(lang)
    forms = [
        *ODD,
        *(stem + end for stem in sorted(vocabulary(lang).counts)[::97] for end in ("", "s", "ement", "ungen")),
    ]
    assert len(forms) > 500
    assert [fast(form) for form in forms] == [strip_accents(plain(form)) for form in forms]
