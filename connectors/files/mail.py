"""Letters (RFC 5322) as entries: newsletters, mostly."""

from __future__ import annotations

import re
from contextlib import suppress
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from hashlib import blake2b

from selectolax.lexbor import LexborHTMLParser

from connectors.connector import NotAFeedError, entry
from connectors.formats.bounds import MAX_FIELD
from connectors.formats.characters import allowed
from connectors.formats.markup import sanitized
from connectors.formats.parsed import ParsedEntry
from connectors.formats.people import people

_HEADERS = ("from", "subject", "date", "message-id", "received", "list-id")
_ENCODED = re.compile(r"\?=\s+=\?")
_BRACKETED = re.compile(r"<\s*(https?://[^<>\s]+)\s*>|^\s*(https?://\S+)\s*$", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
# What senders call the copy of a letter on their site.
_ON_THE_WEB = re.compile(
    r"(?:view|read|open|see) (?:this|it|the)?.{0,30}(?:browser|online|web)|(?:im browser|online) (?:an|lesen|öffnen)"
    r"|(?:voir|lire|afficher).{0,30}(?:navigateur|en ligne)|ver.{0,30}(?:navegador)|(?:visualizza|apri).{0,30}browser"
    r"|bekijk.{0,30}(?:browser|online)|zobacz.{0,30}przeglądarce|(?:открыть|посмотреть).{0,30}браузере",
    re.IGNORECASE,
)
# Pictures that only tell the sender who has read, and words that only lists of letters show.
_UNSEEN = (
    '[style*="display:none" i], [style*="display: none" i], [hidden], '
    'img[width="1"], img[width="0"], img[height="1"], img[height="0"]'
)


def parse_mail(body: bytes, name: str) -> ParsedEntry:
    """Read one letter. Raises ``NotAFeedError`` for what is none."""
    try:
        return _entry(message_from_bytes(body.lstrip(b"\r\n")), body, name)
    except NotAFeedError:
        raise
    except Exception as exc:
        # The standard library's parser raises whatever it trips over in letters that break the rules.
        raise NotAFeedError(f"{name} is a letter that cannot be read ({type(exc).__name__}).") from exc


def _entry(message: Message, body: bytes, name: str) -> ParsedEntry:
    if sum(header in message for header in _HEADERS) < 2:
        raise NotAFeedError(f"{name} is no letter: it has no sender, subject or date.")
    html, text = _contents(message)
    url = _address(message) or _web_copy(html)
    authors = people([_header(message, "from")])
    before = (_header(message, "list-id") or "").rpartition("<")[0]  # RFC 2919: words, then <identifier>
    return entry(
        id=(_header(message, "message-id") or "").strip("<> ") or blake2b(body, digest_size=16).hexdigest(),
        url=url,
        title=_header(message, "subject"),
        published=_header(message, "date"),
        html=_seen(html) if html else None,
        text=None if html else text,
        authors=authors,
        language=(_header(message, "content-language") or "").split(",")[0].strip() or None,
        source=before.strip().strip('"').strip() or (authors[0] if authors else None),
    )


def _contents(message: Message) -> tuple[str | None, str | None]:
    """Return the markup and the words of a letter; what is attached to it is neither."""
    html: list[str] = []
    text: list[str] = []
    for part in message.walk():
        kind = part.get_content_type()
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if kind == "text/html":
            html.append(_decoded(part))
        elif kind == "text/plain":
            text.append(_flowed(_decoded(part), part))
    words = _SIGNATURE.split("\n\n".join(text))[0].strip()
    return "\n".join(html).strip()[:MAX_FIELD] or None, words[:MAX_FIELD] or None


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    body = payload if isinstance(payload, bytes) else b""
    for charset in (part.get_content_charset(), "utf-8"):
        with suppress(LookupError, ValueError):
            if charset is not None:
                return allowed(body.decode(charset))
    return allowed(body.decode("cp1252", "replace"))


def _flowed(text: str, part: Message) -> str:
    """Join the lines that were only broken to be sent (RFC 3676)."""
    text = text.replace("\r\n", "\n")
    if str(part.get_param("format") or "").lower() != "flowed":
        return text
    joint = "" if str(part.get_param("delsp") or "").lower() == "yes" else " "
    return re.sub(r"(?<!^--) \n(?!\n)", joint, text, flags=re.MULTILINE)


def _header(message: Message, name: str) -> str | None:
    """Return a header as words, whatever encodings it is made of (RFC 2047)."""
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name), None)
    if value is None:
        return None
    raw = _ENCODED.sub("?= =?", "".join(value.splitlines()))
    if "=?" not in raw:
        # Letters that put bytes into their headers mean UTF-8 by them, or what was used before.
        return _unescaped(value) or None
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        return " ".join(raw.split()) or None
    words = "".join(piece if isinstance(piece, str) else _in(piece, charset) for piece, charset in pieces)
    return " ".join(allowed(words).split()) or None


def _unescaped(value: str) -> str:
    with suppress(UnicodeEncodeError):
        value = _in(value.encode("ascii", "surrogateescape"), None)
    return " ".join(allowed(value).split())


def _in(piece: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8"):
        try:
            return piece.decode(name) if name else piece.decode("utf-8")
        except (LookupError, ValueError):
            continue
    return piece.decode("cp1252", "replace")


def _address(message: Message) -> str | None:
    """Return where a letter stands on the web, as its list says (RFC 5064)."""
    for name in ("archived-at", "x-archived-at"):
        if found := _BRACKETED.search(_header(message, name) or ""):
            return found.group(1) or found.group(2)
    return None


def _web_copy(html: str | None) -> str | None:
    if html is None:
        return None
    for link in LexborHTMLParser(html).css("a[href]"):
        href = (link.attributes.get("href") or "").strip()
        if href.startswith(("http://", "https://")) and _ON_THE_WEB.search(" ".join(link.text().split())):
            return href
    return None


def _seen(html: str) -> str | None:
    """Return markup without what nobody sees, and harmless."""
    tree = LexborHTMLParser(html)
    for node in tree.css(_UNSEEN):
        node.decompose()
    return sanitized(tree.body.inner_html if tree.body is not None else None)
