"""Join addresses, show them as their publishers wrote them, and give each the key that its variants share."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import itemgetter
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from pipeline.networks import ascii_host

# Parameters that tell where a reader came from and never which article is read. A deny-list: an unknown one stays.
_TRACKERS = re.compile(
    r"^(?:amp;)*(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|ncid|cmpid|ocid"
    r"|smid|at_(?:medium|campaign|link_\w+|format|ptr_name|bbc_team)|ref_src|ref_url|ftag|xtor|wt\.\w+|vero_id|oly_enc_id"
    r"|oly_anon_id|gclsrc|gad_\w+|_ga|_gl|srsltid|twclid|ttclid|li_fat_id|wickedid|s_kwcid|ef_id|rb_clickid|epik|irclickid"
    r"|hsa_\w+|__hs\w+|hsctatracking|(?:pk|mtm|piwik|matomo)_(?:campaign|cid|content|group|keyword|kwd|medium|placement|source)"
    r"|sc_(?:campaign|channel|cid|content|geo|llid|outcome|publish)|\.tsrc|maca|trk(?:info|_\w+)?|ito|xtref|asc_campaign|asc_refurl"
    r"|wt_(?:mc|zmc|ga|nv)|ns_(?:mchannel|source|campaign|linkname|fee)|srnd|rss_?id|guccounter|guce_referrer\w*|__twitter_impression|taid|traffic_source|echobox|cid_source|sr_share|phpsessid|jsessionid|aspsessionid\w*|cftoken)$",
    re.IGNORECASE,
)
# Parameters that may be anything, but not when this is their value.
_TOLD_BY_VALUE = re.compile(
    r"^(?:amp;)*(?:source|src|ref|referrer|from|via|partner|emc|cmp|cid|mod|medium|feedtype|feature)="
    r"(?:rss|atom|rss_?feed|feed|emb)(?:[-_.]\w*|\d{0,2}|_\w+|-+[0-9a-f]{6,16}-+\d{1,2})$|^rss=(?:1|true|yes)$",
    re.IGNORECASE,
)
# Parameters that ask for another form of the same article; such an address is shown as it is.
_FORMS = re.compile(r"^(?:amp=(?:1|true)?|outputtype=amp|print(?:able)?=(?:1|true|yes|y))$", re.IGNORECASE)
_SESSION = re.compile(r";jsessionid=[\w.!~-]+", re.IGNORECASE)
_ESCAPED_SLASH = re.compile("%2F", re.IGNORECASE)
# Addresses that only lead on, and the parameter that says where to.
_REDIRECTORS = {
    ("l.facebook.com", "/l.php"): "u", ("lm.facebook.com", "/l.php"): "u", ("l.instagram.com", "/"): "u",
    ("l.messenger.com", "/l.php"): "u", ("out.reddit.com", None): "url", ("www.bing.com", None): "url",
    ("www.youtube.com", "/redirect"): "q", ("vk.com", "/away.php"): "to", ("t.umblr.com", "/redirect"): "z",
    ("duckduckgo.com", "/l/"): "uddg", ("disq.us", "/url"): "url", ("medium.com", "/r/"): "url",
    ("getpocket.com", "/redirect"): "url", ("slack-redir.net", "/link"): "url",
    ("steamcommunity.com", "/linkfilter/"): "url",
    ("www.linkedin.com", "/redir/redirect"): "url", ("exit.sc", "/"): "url",
}  # fmt: skip
_GOOGLE = re.compile(r"^(?:www\.)?google\.[a-z.]+$")
_SAFE_LINKS = ".safelinks.protection.outlook.com"
_AMP_CACHE = ".cdn.ampproject.org"
# Redirectors lead to redirectors; deeper than this nobody means well.
MOST_UNWRAPPED = 10
# What needs no second look: most links of most feeds. Only Google's AMP addresses lead on without a question mark.
_PLAIN = re.compile(
    r"https?://(?!(?:www\.)?google\.)[a-z0-9-]+(?:\.[a-z0-9-]+)+(?<!\.ampproject\.org)(?:/[\w.~-]+)*/?", re.ASCII
)
_LINE_BREAKS = re.compile(r"[\t\r\n]")
_UNWRITABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_FOREIGN = re.compile(r"[^\x21-\x7e]")
# The parts of a page below or above its article.
_PLACES = re.compile(r"(?:top|main|content|comments|respond|disqus_thread)?", re.IGNORECASE)


def join(base: str, address: str) -> str:
    """Return an address made absolute (RFC 3986), each character as its publisher wrote it. Raises ``ValueError``."""
    # yarl's own join writes the path of the base anew (%7E becomes ~), and what is stored must not change.
    return urljoin(base, address)


def is_plain_address(text: str) -> bool:
    """Tell a whole address of the web in its usual form: joined to any other, shown and compared it stays as it is."""
    return _PLAIN.fullmatch(text) is not None


@lru_cache(4096)
def shown_url(url: str) -> str:
    """Return the address to store, show and fetch: as its publisher wrote it, unwrapped and without known trackers.

    No other byte is touched, but that white space and control characters, which no address can hold, are escaped and
    line breaks within are left out. What is no address stays what it is. Idempotent.
    """
    if _PLAIN.fullmatch(url):
        return url
    url = _LINE_BREAKS.sub("", url.strip())
    for _ in range(MOST_UNWRAPPED):
        try:
            inner = _unwrapped(url)
        except ValueError:
            break
        if inner is None:
            break
        url = inner
    return writable(_without_trackers(url))


@lru_cache(4096)
def url_key(url: str) -> str:
    """Return what the variants of an address share; it is for comparing only, never for showing or fetching.

    Host, scheme, escapes, usual port and the order of named parameters are in one form; trackers, an ``/amp`` at the
    end and the names of parts of a page are left out. Addresses that differ in a parameter that may matter, or in any
    byte that is no UTF-8, stay different. What is no address stays what it is. Idempotent.
    """
    if _PLAIN.fullmatch(url) and not url.endswith(("/amp", "/amp/", "/amp.html", "/amp.html/")):
        return url if "/" in url[8:] else f"{url}/"
    try:
        return _key(shown_url(url))
    except ValueError:
        return url.strip()


def former_keys(url: str) -> list[str]:
    """Return the keys by which earlier versions knew an address; they are looked for where the present one is unknown.

    The latest comes first: parameters were compared in their order, and the first stores kept no names of parts.
    """
    try:
        shown = shown_url(url)
        return [_key(shown, is_sorted=False), _key(shown, "replace", keeps_fragment=False, is_sorted=False)]
    except ValueError:
        return [url.strip()]


def writable(address: str) -> str:
    """Return an address in which what none can hold is escaped: white space, controls, bytes that are no UTF-8."""
    return _UNWRITABLE.sub(_escaped, address)


def escaped(text: str) -> str:
    """Return a part of an address as it is sent: what is not printable ASCII as escaped UTF-8, all else as it is."""
    return _FOREIGN.sub(_escaped, text)


def _key(url: str, errors: str = "surrogateescape", *, keeps_fragment: bool = True, is_sorted: bool = True) -> str:
    parts = urlsplit(url)
    if not parts.netloc:
        return url
    # Bytes that are no UTF-8 become surrogates and are escaped again, so that each keeps its own.
    named = parse_qsl(parts.query, keep_blank_values=True, errors=errors)
    kept = [pair for pair in named if not _TRACKERS.match(pair[0]) and not _FORMS.match("=".join(pair))]
    if is_sorted:
        kept.sort(key=itemgetter(0))  # values of one name stay in their order
    query = urlencode(kept, errors=errors)
    path = _ESCAPED_SLASH.sub("%252F", parts.path)  # a slash within a name parts nothing
    path = quote(unquote(path, errors="surrogateescape"), safe="/:@!$&'()*+,;=~-._", errors="surrogateescape")
    path = re.sub(r"(?:/amp|/amp\.html)+/?$", "", path) or "/"
    tells = parts.fragment.startswith(("!", "/")) or (keeps_fragment and not _PLACES.fullmatch(parts.fragment))
    return urlunsplit((parts.scheme.lower(), _netloc(url), path, query, parts.fragment if tells else ""))


def _netloc(url: str) -> str:
    parts = urlsplit(url)
    host = ascii_host(parts.hostname or "")
    host = f"[{host}]" if ":" in host else host
    usual = parts.port is None or (parts.scheme.lower(), parts.port) in (("http", 80), ("https", 443))
    return host if usual else f"{host}:{parts.port}"


def _without_trackers(url: str) -> str:
    """Cut known trackers out of the query and the fragment, and nothing else."""
    address, mark, fragment = url.partition("#")
    address = _cut_out(_SESSION.sub("", address) if ";" in address else address)
    if fragment.startswith(("!", "/")):
        fragment = _cut_out(fragment)  # the address of a page that is made in the browser
    if mark and fragment and all(map(_is_tracker, fragment.split("&"))):
        return address
    return f"{address}{mark}{fragment}"


def _cut_out(address: str) -> str:
    place, question, query = address.partition("?")
    if not question:
        return address
    kept = [piece for piece in query.split("&") if not _is_tracker(piece)]
    if len(kept) == query.count("&") + 1:
        return address
    return f"{place}?{'&'.join(kept)}" if kept else place


def _is_tracker(piece: str) -> bool:
    name, equals, _ = piece.partition("=")
    return bool(equals or name) and bool(_TRACKERS.match(unquote(name)) or _TOLD_BY_VALUE.match(piece))


def _unwrapped(url: str) -> str | None:
    """Return the address inside a redirector's or AMP cache's address, if this is one. Raises ``ValueError``."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if _GOOGLE.match(host) and parts.path == "/url":
        return _absolute(_value(parts.query, "url") or _value(parts.query, "q"))
    if _GOOGLE.match(host) and parts.path.startswith("/amp/"):
        return _inside_amp(parts.path[5:], parts.query, parts.fragment)
    if host.endswith(_AMP_CACHE):
        return _inside_amp(re.sub(r"^/[cvi]/", "", parts.path), parts.query, parts.fragment)
    if host.endswith(_SAFE_LINKS):
        return _absolute(_value(parts.query, "url"))
    target = _REDIRECTORS.get((host, parts.path)) or _REDIRECTORS.get((host, None))
    return _absolute(_value(parts.query, target)) if target else None


def _inside_amp(rest: str, query: str, fragment: str) -> str | None:
    address = f"https://{rest[2:]}" if rest.startswith("s/") else f"http://{rest}"
    return _absolute(address + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else ""))


def _value(query: str, name: str) -> str | None:
    """Return the first value of a parameter, unquoted once; bytes that are no UTF-8 stay escaped."""
    for piece in query.split("&"):
        key, _, value = piece.partition("=")
        if key == name and value:
            return _UNWRITABLE.sub(_escaped, unquote(value, errors="surrogateescape"))
    return None


def _absolute(url: str | None) -> str | None:
    return url if url and re.match(r"https?://[^/]", url) else None


def _escaped(match: re.Match[str]) -> str:
    """Escape one character; a surrogate that stands for a byte becomes that byte, any other a replacement."""
    try:
        content = match.group().encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        content = "\ufffd".encode()
    return "".join(f"%{byte:02X}" for byte in content)
