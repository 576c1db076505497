"""Pages that are no article: consent walls, paywall stubs, log-in pages, error pages, link lists, video pages.

They would form one huge cluster of strangers. Each test needs two things to come together, mostly words and a text too
short to be an article, because articles are written about cookies, passwords and errors too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingest.extract.wording import ends, fold, is_sentence
from ingest.types import Block

STUB = 700
"""Characters below which a text beside a form or a video, or under the title of an error, is no article."""

TEASER = 500
"""Characters below which a text behind a paywall is its first lines only. Of 210 whole articles four are shorter than
that, ten shorter than 700; that a page says it is sold means little by itself, 23 of the 210 do and show it all."""

SPOKEN = 40
"""Characters from which a dropped line says something: the links of a footer name cookies and privacy on all pages."""

NEAR = 12
"""Blocks behind the text in which a prompt speaks about its rest, not about another article's."""

SHORT = 1_500
"""Characters below which a text may be a wall's own."""

MIN_LINKS = 12
"""Lines that are links, from which a page without running text is a list of links."""

MIN_TITLES = 5
"""Lines from which a plain text of nothing but titles is a list of them; what is an alert or a result is shorter, or
has marks or numbers."""

_CONSENT = re.compile(
    r"weiterlesen mit werbung|mit werbung (?:und|weiter)|pur[- ]abo|werbefrei (?:lesen|nutzen|für)|tracking|"
    r"einwilligung|zustimmen und weiter|personalisierte (?:werbung|anzeigen)|"
    r"accepter et (?:continuer|lire)|continuer sans accepter|s'abonner pour refuser|vos données personnelles|"
    r"stocker et/ou accéder|traceurs|publicités? (?:et contenus? )?personnalisée?s?|nos partenaires|"
    r"accept (?:all )?cookies|cookies? and similar technologies|consent|store and/or access information|"
    r"personali[sz]ed (?:ads|advertising|content)|(?:our|and our) \d* ?partners|manage (?:options|preferences)|"
    r"reject all|legitimate interest|datenschutzeinstellungen|cookies"
)
_ERROR = re.compile(
    r"^\W*(?:[45]\d\d\b.{0,40}|error\b.{0,40}|erreur\b.{0,40}|fehler\b.{0,30})$|not found|introuvable|nicht gefunden|"
    r"n'existe (?:pas|plus)|existiert nicht|no longer (?:available|exists)|page unavailable|access denied|forbidden|"
    r"accès refusé|zugriff verweigert|just a moment|checking your browser|verify (?:that )?you are (?:a )?human|"
    r"are you a (?:robot|human)|attention required|captcha|temporarily unavailable|bad gateway|"
    r"service unavailable|indisponible|nicht (?:mehr )?(?:verfügbar|erreichbar|zur verfügung)|"
    r"access to this .{0,30}(?:denied|blocked)|bad request|something went wrong|hit a snag|"
    r"enable javascript and cookies|ad-?\s?block|werbeblocker|bloqueurs? de pub|wartungsarbeiten|"
    r"en (?:cours de )?maintenance|(?:under|for|scheduled) maintenance"
)
_PAGE = re.compile(
    r"\b(?:pages?|web-?\s?sites?|web-?\s?seiten?|seite|url|browser|navigateur|javascript|servers?|serveur|cookies|"
    r"inhalte?|contenu|content|beitrag|artikel|article|robot|captcha|our|your|notre|nos|votre|vos|unsere?[nrms]?)\b"
)
"""What errors are about; people are not found and places not available, too."""
_ADDRESS = re.compile(
    r"\b(?:[Yy]our?|[Ww]e|[Oo]ur|Sie|Ihre[nrms]?|Ihnen|[Ww]ir|[Uu]nser\w*|[Vv]ous|[Vv]otre|[Vv]os|[Nn]ous|[Nn]os)\b"
)
"""A wall speaks to its reader; a report about walls does not."""
_REST = re.compile(
    r"il vous reste|la suite (?:est|de (?:cet|l')|pour les abonn)|pour lire (?:la suite|cet|l')|"
    r"(?:article|contenu) (?:est )?réservé|article payant|bloquer (?:l'|cet )article|poursuiv\w+ votre lecture|"
    r"weiterlesen|weiter lesen|freischalten|exklusiv für|nur für abonnent|ganzen artikel|vollständigen artikel|"
    r"artikel ist (?:exklusiv|kostenpflichtig)|mit (?:einem |dem )?(?:digital|plus)-?abo|"
    r"to (?:continue|keep) reading|continue reading|to read (?:the (?:full|whole)|this|more)|"
    r"subscribe to (?:continue|read|unlock)|read the full (?:story|article)|unlock (?:this|the)|"
    r"(?:limit|remaining|used) .{0,20}(?:free )?articles|(?:exclusively|available|only) (?:to|for) .{0,30}subscribers"
)
_LIST_MARK = re.compile(r"\s*(?:[-–—•*·▪►>+]|\d{1,2}[.)])\s")
_PROMPTS = frozenset({"subscription-prompt", "log-in"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the markup says about a page's nature."""

    password: bool = False  # it asks for a password
    paid: bool = False  # it says itself that its text is not free
    video: bool = False  # it is about a video
    links: int = 0  # lines that are links


@dataclass(frozen=True, slots=True)
class Wall:
    """Why a page is no article."""

    reason: str
    detail: str


def page_facts(tree: Any, linked: Sequence[float]) -> Facts:
    """What the markup says; `linked` is the share of links in each line."""
    kinds = {
        element.get("content", "").lower() for element in tree.iter("meta") if element.get("property") == "og:type"
    }
    scripts = [one.text or "" for one in tree.iter("script") if "ld+json" in (one.get("type") or "").lower()]
    data = " ".join(scripts)[:500_000]
    return Facts(
        password=any(element.get("type", "").lower() == "password" for element in tree.iter("input")),
        paid=re.search(r'"isAccessibleForFree"\s*:\s*"?(?:false|"False)', data, re.IGNORECASE) is not None,
        video=any(kind.startswith("video") for kind in kinds)
        or ('"VideoObject"' in data and re.search(r'"(?:News)?Article"|Posting"', data) is None),
        links=sum(share > 0.8 for share in linked),
    )


def find_wall(blocks: Sequence[Block], title: str | None, facts: Facts | None = None) -> Wall | None:
    """Why these blocks are no article; None: they may be one."""
    kept = [block.text for block in blocks if block.kept]
    listed = [block.text for block in blocks if block.kept or block.rule == "score"]
    if facts is None and (_only_titles(kept) or _only_titles(listed)):
        return Wall("link-list", f"The text is a list of {len(listed)} titles without an article.")
    text = fold(" ".join(kept))
    prompts = Counter(block.rule for block in blocks if block.rule in _PROMPTS)
    sentences = sum(map(is_sentence, kept))
    if len(text) < SHORT:
        words = set(_CONSENT.findall(text))
        spoken = [block.text for block in blocks if block.kept or len(block.text) >= SPOKEN]
        if (words or not sentences) and len(text) < STUB:  # what the cleaner has dropped speaks too
            words |= set(_CONSENT.findall(fold(" ".join(spoken)[:20_000])))
        other = sum(len(line) for line in kept if _CONSENT.search(fold(line)) is None)
        if len(words) >= 3 and other < STUB and any(map(_ADDRESS.search, spoken)):
            return Wall(
                "consent-wall", f"The page asks for consent and shows no article ({', '.join(sorted(words)[:3])})."
            )
        of_a_page = _PAGE.search(fold(" ".join([title or "", *spoken])[:20_000])) is not None
        if of_a_page and len(text) < STUB and sentences < 4 and _ERROR.search(fold(title or "")):
            return Wall("error-page", f"The page is an error page: “{(title or '')[:80]}”.")
        if of_a_page and len(text) < STUB / 2 and _ERROR.search(text):
            return Wall("error-page", "The page only says that something is not there or went wrong.")
    broken_off = text.endswith(("…", "...")) and prompts["subscription-prompt"] > 0
    if len(text) < TEASER and ((facts is not None and facts.paid) or broken_off or _asks_for_the_rest(blocks, facts)):
        return Wall("paywall", f"Only the first {len(text)} characters are shown; the rest is for subscribers.")
    if facts is not None and len(text) < STUB:
        if facts.password and sentences < 2:
            return Wall("log-in", "The page is a form to log in, without an article.")
        if facts.video and sentences < 3:
            return Wall("video", "The page shows a video with a few words about it, no article.")
        if sentences == 0 and facts.links >= MIN_LINKS:
            return Wall("link-list", f"The page is a list of {facts.links} links without an article.")
    return None


def _only_titles(kept: Sequence[str]) -> bool:
    """Is a plain text nothing but titles, without a full stop, marks of a list or numbers in most lines?"""
    if len(kept) < MIN_TITLES or any(text[-1] in ".…:;," or _LIST_MARK.match(text) for text in kept):
        return False
    odd = sum(ends(text) or any(map(str.isdigit, text)) for text in kept)
    return 2 * odd < len(kept)


def _asks_for_the_rest(blocks: Sequence[Block], facts: Facts | None) -> bool:
    """Does what stands right behind the text sell its rest? In plain text, such as feeds', a mere link does not."""
    texts = [place for place, block in enumerate(blocks) if block.kept and not _sells(block)]
    last = max(texts, default=-1)
    behind = blocks[last + 1 : last + 1 + NEAR]
    return any(_sells(block) for block in behind if facts is not None or block.rule != "read-more")


def _sells(block: Block) -> bool:
    return len(block.text) < 300 and _REST.search(fold(block.text)) is not None
