"""Sentences of one line, by offsets: nothing is lost, nothing moved.

sentencex proposes boundaries, our own pattern adds those it misses (inside quotations, at glued sentences), and the
merge rules take back what is no sentence end: abbreviations, initials, ordinals, a small letter that follows.
"""

# ruff: noqa: SIM905
from __future__ import annotations

import re
from itertools import pairwise

Offsets = tuple[int, int]

# Words that end with a full stop and are followed by a name, a number or more of the sentence.
ABBREVIATIONS = {
    "fr": frozenset(
        (
            "m mm mr mme mmes mlle mlles me mgr dr drs pr prof st ste sts stes gal gén col cap cdt lt sgt av bd "
            "boul chap art al éd env p pp vol fig no n° nos tél cf c.-à-d ex ndlr janv févr fév avr juil sept oct "
            "nov déc lun mar mer jeu ven sam dim jr min max hab arr dép tom s ibid op cit p.-d p.-d.g r.-v r.d.v"
        ).split()
    ),
    "de": frozenset(
        (
            "dr prof hr fr frl hrn st nr art abs bd bzw ca evtl ggf inkl exkl max min mio mrd std str tel vgl v.a "
            "u.a z.b d.h i.d.r s.o s.u o.ä u.ä i.e m.e v.l.n.r geb gest gez jh jhd kap hl ing dipl mag vs co sog "
            "allg bspw div einschl entspr erw etc ff gegr gem insb jan feb mär apr jun jul aug sep sept okt nov "
            "dez mo di mi do sa so lt luft obb op o.g priv röm s.a staatl u.s.w urspr usf v.chr n.chr verh wg zit "
            "zt zzgl z.t z.zt i.v i.a a.d a.m b z d h u a i v n o s rd tsd cts pkt"
        ).split()
    ),
    "en": frozenset(
        (
            "mr mrs ms dr prof st sr jr gen col maj capt lt sgt rev hon sen rep gov pres no nos vol fig vs etc "
            "e.g i.e cf approx dept est inc ltd co corp jan feb mar apr jun jul aug sept sep oct nov dec a.m p.m "
            "u.s u.k"
        ).split()
    ),
}
# Abbreviations above that just as often end a sentence: a capital letter behind them decides for the end.
MAY_END = frozenset(
    ("etc ff usw usf co inc ltd corp jr sr env hab max min u.a v.chr n.chr a.m p.m u.s u.k jh jhd").split()
)
# After a German ordinal ("am 3. Oktober", "der 2. Platz") a new sentence starts with one of these, hardly a noun.
STARTERS_DE = frozenset(
    (
        "der die das den dem des ein eine einen einem einer er sie es wir ihr ich in im am an auf aus bei mit "
        "nach seit von vor zu zum zur für doch aber und oder dann danach dort damit dabei dazu auch als wenn "
        "weil während wie was wer wo so noch nun nur jetzt heute gestern morgen damals später zudem außerdem "
        "allerdings dagegen dennoch diese dieser dieses jedoch man kein keine nicht ob sein seine ihre hier"
    ).split()
)
TLDS = frozenset(("com org net info de fr eu ch at be ca uk us io tv co gov edu html htm php pdf jpg png").split())

CLOSING = {"fr": "»”", "de": "“«", "en": "”"}  # "»" opens a quotation in German, "“" in English
ENDERS = r"[.!?…]"
CLOSERS = r"[»”\"’'“)\]]"
OPENERS = r"[«„“\"‚‘»(\[¿¡–—-]"
# A boundary sentencex misses: behind a closed or open quotation, where an upper-case word follows.
INNER = re.compile(rf"{ENDERS}[ \u00a0\u202f]?{CLOSERS}*\s+(?={OPENERS}*\s?[A-ZÀ-ÖØ-Þ])")
# Two sentences without the space between them: "…Jahrhundert.Es war…", "…guerre moderne. »Il a dit."
GLUED = re.compile(
    r"(?<=[a-zß-öø-ÿ]{2})(?:[.!?…]+[ \u00a0]?[»”\"]?|[!?]?[»”])(?=[«„“\"]?[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ’']+(?:[\s,’'-]|$))"
)
LAST_WORD = re.compile(r"([^\s«»„“”\"(\[]+)\.[\s]*$")
NEXT_WORD = re.compile(r"[\s«»„“”\"‚‘’'(\[–—-]*([^\W_]+)")
ORDINAL = re.compile(r"(?:^|[\s(])(\d{1,3}|[IVXLC]{1,6})\.\s*$")


def segment(line: str, lang: str) -> tuple[Offsets, ...]:
    """Start and end of each sentence of a line, in order, white space between them left out.

    The line may not hold line breaks. Joined with the gaps between them the sentences are the line; a line of white
    space has none.
    """
    cuts = sorted(_proposed(line, lang) | _inner(line) | _glued(line))
    kept = [cut for cut in cuts if 0 < cut < len(line) and not _is_inside(line, cut, lang)]
    edges = [0, *kept, len(line)]
    trimmed = (_trim(line, start, end) for start, end in pairwise(edges))
    return tuple((start, end) for start, end in trimmed if start < end)


def _proposed(line: str, lang: str) -> set[int]:
    from sentencex import get_sentence_boundaries

    ends = {int(boundary["end_index"]) for boundary in get_sentence_boundaries(lang, line)}
    return {end for end in ends if line[end - 1 : end].isspace()}  # without a space it may be a domain: see _glued


def _inner(line: str) -> set[int]:
    return {match.end() for match in INNER.finditer(line)}


def _glued(line: str) -> set[int]:
    return {match.end() for match in GLUED.finditer(line) if not _is_address(line, match.start(), match.end())}


def _is_address(line: str, before: int, after: int) -> bool:
    """True where the full stop stands in a domain or a file name ("Booking.Com", "Node.Js")."""
    following = re.match(r"\w+", line[after:])
    if following and following.group().lower() in TLDS:
        return True
    token_start = max(line.rfind(" ", 0, before), line.rfind("\u00a0", 0, before)) + 1
    token = line[token_start:before]
    return "@" in token or "/" in token or "." in token


def _trim(line: str, start: int, end: int) -> Offsets:
    while start < end and line[start].isspace():
        start += 1
    while end > start and line[end - 1].isspace():
        end -= 1
    return start, end


def _is_inside(line: str, cut: int, lang: str) -> bool:
    """True where a proposed boundary does not end a sentence."""
    before, after = line[max(0, cut - 40) : cut], line[cut : cut + 40]
    if after.lstrip()[:1] in CLOSING.get(lang, "”"):
        return True
    following = NEXT_WORD.match(after)
    word = following.group(1) if following else ""
    if word and word[0].islower():
        return not after[:1].isspace() or not _ends_hard(before) or lang != "en"
    last = LAST_WORD.search(before)
    if last is None:
        return not before.rstrip() or not following
    token = last.group(1).lower().strip("’'-–—")
    if lang == "de" and ORDINAL.search(before):
        return bool(word) and word.lower() not in STARTERS_DE
    if (len(token) == 1 and last.group(1).isupper()) or re.fullmatch(r"(?:\w\.)+-?\w", token):
        return not _starts_sentence(word, lang)
    if token.split("-")[-1] in ABBREVIATIONS.get(lang, frozenset()) or token in ABBREVIATIONS.get(lang, frozenset()):
        return token not in MAY_END or not word or not word[0].isupper()
    return not following


def _ends_hard(before: str) -> bool:
    return before.rstrip()[-1:] in ("!", "?", ".")


def _starts_sentence(word: str, lang: str) -> bool:
    """True for a capitalised function word: behind an initial ("George W.") only such a word begins a sentence."""
    common = {
        "fr": "le la les l un une des il elle ils elles on ce cette ces en au aux dans pour mais et selon après depuis",
        "en": "the a an he she it they we in on at but and after since this that these",
    }
    words = STARTERS_DE if lang == "de" else frozenset(common.get(lang, "").split())
    return word[:1].isupper() and word.lower() in words
