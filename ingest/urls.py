"""One spelling for each address: what makes two links the same article, and two hosts the same site.

The canonical form is RFC 3986 section 6.2.2 and 6.2.3 (case, percent-encoding, dot segments, default port), without
the fragment and without the parameters that only say how a reader came. It is still an address that answers: the
scheme, `www.`, the order of parameters and a closing slash are left alone, since some server somewhere minds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from ingest.errors import BadInput

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MAX_URL = 2_048
"""Characters of an address at most; longer ones are session states and attacks (sitemaps stop here too)."""

DEFAULT_PORTS = {"http": 80, "https": 443}

TRACKING = re.compile(
    r"""(?ix)
    (?: utm | pk | mtm | matomo | piwik | hsa | wt | at | oly | vero | guce | ns ) _ [a-z_]+    # families
    | fbclid | gclid | gclsrc | dclid | gbraid | wbraid | msclkid | yclid | twclid | ttclid | li_fat_id | srsltid
    | igsh | igshid | mc_cid | mc_eid | mkt_tok | _hsenc | _hsmi | _ga | _gl | __twitter_impression | guccounter
    | xtor | maca | cmp | cmpid | wtmc | wtzmc | ito | ocid | ncid | smid | sref | srnd | ftag | s_cid | sc_cid | spm
    | traffic_source | sfnsn | soc_src | soc_trk | echobox | dmcid | xing_share | share_id
    """
)
"""Names of parameters that name the way here, never the article: link decorators of Google, Meta, Microsoft, Matomo,
Piano/AT Internet (`xtor`, `at_`: French sites), Webtrekk/Mapp (`wt_`, `wtmc`: German ones), Deutsche Welle (`maca`)."""

REFERRERS = frozenset({"ref", "source", "src", "from", "partner", "mod", "cid"})
"""Names that mean something else elsewhere: dropped only where the value says feed."""
FEED_VALUES = re.compile(r"(?i)(?:rss|feed|atom|xml)(?:[-_:.].*)?")

_HEX = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\x9f\ufeff\u200b-\u200f\u2028\u2029\ud800-\udfff]+")


def canonical_url(url: str, base: str | None = None, *, tracking: bool = False) -> str:
    """The one spelling of an http(s) address; relative ones are joined to `base`. BadInput: it is no such address.

    tracking: keep every parameter, for addresses that are asked rather than compared (a feed's).
    """
    parts = _split(url, base)
    host = _host(parts, url)
    port = _port(parts, url)
    if port is not None and port != DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    path = _escaped(_without_dots(parts.path) or "/", keep="/:@!$&'()*+,;=%")
    query = "&".join(pair for pair in parts.query.split("&") if pair and (tracking or not _is_tracking(pair)))
    # "#!" addresses are pages of their own (one-page sites of the 2010s); any other fragment is a place on the page
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit(
        (parts.scheme, host, path, _escaped(query, keep="/:@!$&'()*+,;=%?[]"), _escaped(fragment, "!/=%"))
    )


def registered_domain(url: str) -> str:
    """The registered domain of an address or host name ("bbc.co.uk"); the host itself where it is an IP or unknown."""
    host = (urlsplit(url if "//" in url else f"//{url}").hostname or "").rstrip(".").lower()
    try:
        return str(ip_address(host.split("%")[0]))
    except ValueError:
        return str(_public_suffixes().privatesuffix(host) or host)


def is_web(url: str) -> bool:
    """Whether it reads as an http or https address, and not as a path."""
    return url[:8].lower().startswith(("http://", "https://"))


@lru_cache(maxsize=1)
def _public_suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # 30 ms: only where politeness is at stake

    return PublicSuffixList()


def _split(url: str, base: str | None) -> SplitResult:
    text = _INVISIBLE.sub("", url.strip().replace(" ", "%20")) if isinstance(url, str) else ""
    if not text or len(text) > MAX_URL:
        raise BadInput("address", f"1 to {MAX_URL:,} characters", f"{len(text):,}")
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
    except ValueError:
        raise BadInput("address", "an http or https address", _short(url)) from None
    if parts.scheme not in DEFAULT_PORTS or not parts.netloc:
        raise BadInput("address", "an http or https address", _short(url))
    if "@" in parts.netloc:
        raise BadInput("address", "an address without user name and password", _short(parts.hostname or ""))
    return parts


def _host(parts: SplitResult, url: str) -> str:
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        try:
            return f"[{ip_address(host)}]"
        except ValueError:
            raise BadInput("address", "a host name", _short(url)) from None
    if host.isascii() and re.fullmatch(r"[a-z0-9._-]{1,253}", host) and ".." not in host:
        return host
    import idna  # 20 ms, and most hosts are ASCII

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise BadInput("address", "a host name", _short(url)) from None


def _port(parts: SplitResult, url: str) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise BadInput("address", "a port between 0 and 65535", _short(url)) from None


def _is_tracking(pair: str) -> bool:
    name, _, value = pair.partition("=")
    return bool(TRACKING.fullmatch(name) or (name.lower() in REFERRERS and FEED_VALUES.fullmatch(value)))


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4: /a/./b/../c is /a/c."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if path.endswith(("/.", "/..")):
        kept.append("")
    return "/" + "/".join(kept)


def _escaped(text: str, keep: str) -> str:
    """Percent-encoding in upper case, on everything that needs it and on nothing else."""
    text = _HEX.sub(_unescape_unreserved, text)
    out: list[str] = []
    for at, char in enumerate(text):
        if char in _UNRESERVED or (char in keep and (char != "%" or _HEX.match(text, at))):
            out.append(char)
        else:
            out.append("".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace")))
    return "".join(out)


def _unescape_unreserved(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()


def _short(url: str) -> str:
    return repr(url if len(url) <= 80 else url[:77] + "...")
