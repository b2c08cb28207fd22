"""Join addresses, and give each the one form that it is known by."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

# Parameters that tell where a reader came from and never which article is read. A deny-list: an unknown one stays.
_TRACKERS = re.compile(
    r"^(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|ncid|cmpid|ocid|smid"
    r"|at_(?:medium|campaign|link_\w+|format|ptr_name|bbc_team)|ref_src|ref_url|ftag|xtor|wt\.\w+|vero_id|oly_enc_id|oly_anon_id"
    r"|gclsrc|gad_\w+|_ga|_gl|srsltid|twclid|ttclid|li_fat_id|wickedid|s_kwcid|ef_id|rb_clickid|epik|irclickid|hsa_\w+|__hs\w+"
    r"|hsctatracking|(?:pk|mtm|piwik|matomo)_(?:campaign|cid|content|group|keyword|kwd|medium|placement|source)|sc_(?:campaign"
    r"|channel|cid|content|geo|llid|outcome|publish)|trk(?:info|_\w+)?|ito|xtref|asc_campaign|asc_refurl"
    r"|rss_?id|guccounter|guce_referrer\w*|__twitter_impression|taid|traffic_source|echobox|cid_source|sr_share|feature=emb\w*)$",
    re.IGNORECASE,
)
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


def join(base: str, address: str) -> str:
    """Return an address made absolute (RFC 3986), each character as its publisher wrote it. Raises ``ValueError``."""
    # yarl's own join writes the path of the base anew (%7E becomes ~), and what is stored must not change.
    return urljoin(base, address)


@lru_cache(4096)
def canonical_url(url: str) -> str:
    """Return the address an article is known by: unwrapped, without trackers, with host and escapes in one form.

    Two addresses that differ in a parameter that may matter stay different; what is no address stays what it is.
    Idempotent.
    """
    try:
        return _canonical(url)
    except ValueError:
        return url.strip()


def _canonical(url: str) -> str:
    for _ in range(5):
        inner = _unwrapped(url)
        if inner is None:
            break
        url = inner
    parts = urlsplit(url.strip())
    if not parts.netloc:
        return url.strip()
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").rstrip(".")
    port = parts.port
    if port and (scheme, port) not in (("http", 80), ("https", 443)):
        host = f"{host}:{port}"
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKERS.match(pair[0])]
    path = quote(unquote(parts.path, errors="surrogateescape"), safe="/:@!$&'()*+,;=~-._%", errors="surrogateescape")
    path = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path)
    path = re.sub(r"/(?:amp|amp\.html)/?$", "", path) or "/"
    fragment = parts.fragment if parts.fragment.startswith(("!", "/")) else ""
    return urlunsplit((scheme, host, path, urlencode(pairs), fragment))


def _unwrapped(url: str) -> str | None:
    """Return the address inside a redirector's or AMP cache's address, if this is one."""
    parts = urlsplit(url.strip())
    host, query = (parts.hostname or "").lower(), dict(parse_qsl(parts.query))
    if _GOOGLE.match(host) and parts.path == "/url":
        return _absolute(query.get("url") or query.get("q"))
    if _GOOGLE.match(host) and parts.path.startswith("/amp/"):
        rest = parts.path[5:]
        return _absolute(f"https://{rest[2:]}" if rest.startswith("s/") else f"http://{rest}")
    if host.endswith(".cdn.ampproject.org"):
        rest = re.sub(r"^/[cvi]/", "", parts.path)
        return _absolute(f"https://{rest[2:]}" if rest.startswith("s/") else f"http://{rest}")
    target = _REDIRECTORS.get((host, parts.path)) or _REDIRECTORS.get((host, None))
    return _absolute(query.get(target)) if target else None


def _absolute(url: str | None) -> str | None:
    return url if url and re.match(r"https?://[^/]", url) else None
