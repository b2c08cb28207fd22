"""The text of an article's page: taken out of its markup, and whether it is any better than what the feed gave.

``extract_page`` runs in a child process (``connectors.fetch.child``): pages are hostile, and trafilatura (the extra
``fulltext``) may take long over one. ``better`` is pure and cheap.
"""

from __future__ import annotations

import codecs
import logging
import re
from urllib.parse import urldefrag, urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from connectors.addresses import join
from connectors.formats.markup import sanitized
from connectors.pages.boilerplate import is_boilerplate, without_boilerplate
from connectors.pages.site_rules import SiteRule
from pipeline.errors import NewswireError
from pipeline.language.blocks import BLOCK_ELEMENTS
from pipeline.language.detect import detect
from pipeline.language.scripts import WITHOUT_SPACES
from pipeline.language.words import COMMON_WORDS

MAX_PAGE_BYTES = 5_000_000
MAX_HTML = 500_000
MIN_WORDS = 25
LONGER = 1.2
LONGER_THAN_WHOLE = 1.5
WHOLE_WORDS = 200
# Of 23 real pages, one has an article of 0.4 of the words that a usual reading finds; it is all within them.
LEAST_SHARE = 0.5
LEAST_SHARE_OF_SAME = 0.33
SAME = 0.9
# Which part of the words of a title and teaser the beginning of a page has. On 23 real pages in 10 languages: at least
# 0.8 where they belong together (of a title alone 0.33), at most 0.26 in the 394 pairs where they do not.
ABOUT_ANOTHER = 0.3
ABOUT_THE_SAME = 0.6
BEGINNING_CHARS = 3_000
TERM_CHARS = 6
COMMON = 0.12
PROSE = 0.4
PROSE_WORDS = 15
# How a teaser ends.
_MORE = re.compile(
    r"(?:\.\.\.|…|\[…\]|\[\.\.\.\]|(?:read|learn|see) (?:more|on)|continue reading.{0,80}|full (?:story|article)"
    r"|weiterlesen|mehr|lire (?:la suite|plus)|(?:leer|ver) más|leggi tutto|続きを読む|阅读全文)[\s»>→\])]*$",
    re.IGNORECASE,
)
_APPEARED = re.compile(r"The post .{0,300} (?:appeared first on|first appeared on) .{0,100}$", re.DOTALL)
_SPACELESS = re.compile(f"[{WITHOUT_SPACES}]+")
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(word for words in COMMON_WORDS.values() for word in words.split())
_SENTENCE_END = re.compile(r"[.!?…。！？؟۔།။៕][\"'”’»)\]]*$")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_HIDDEN = "script, style, noscript, template, iframe, object, embed, svg, form, button, nav, head, title"


class PageError(NewswireError):
    """Say why no text could be had from a page."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one page says: ``text`` is all that was found, ``html`` the same, clean and without boilerplate."""

    text: str
    html: str
    next_page: str | None = None
    single_page: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """Tell whether a page's text is to replace the feed's, and why in words."""

    better: bool
    reason: str


def extract_page(body: bytes, content_type: str | None, url: str, rule: SiteRule) -> Page:
    """Find the article in a page. Raises ``PageError`` where there is none."""
    tree = LexborHTMLParser(decoded(body, content_type))
    next_page = _link(tree, rule.next_selector, url)
    single_page = _link(tree, rule.single_page, url)
    for selector in rule.strip:
        for node in tree.css(selector):
            node.decompose()
    markup = _kept(tree, rule) or _found(tree.html or "", url)
    if not markup:
        raise PageError(f"{url} has no text that looks like an article.")
    article = LexborHTMLParser(f"<body>{markup}</body>")
    for node in article.css(_HIDDEN):
        if node.tag != "head":
            node.decompose()
    for headline in article.css("h1")[:1]:
        headline.decompose()  # the feed has it
    text = _text(article.body)
    _drop_boilerplate(article)
    clean = sanitized(_with_whole_links(article, url)[:MAX_HTML]) or ""
    return Page(text=text[:MAX_HTML], html=clean, next_page=next_page, single_page=single_page)


def better(feed_text: str, page_text: str, title: str) -> Verdict:
    """Decide whether a page's text is to be used in place of the feed's.

    It must be about the same, in the same language, in sentences, and say noticeably more once consent, paywall and
    error notices are taken off; more still where the feed seems to give the whole article already.
    """
    feed_text = _APPEARED.sub("", feed_text.strip()).strip()
    kept = without_boilerplate(page_text)
    gone = len(kept) < len(page_text.strip())
    size, given = _size(kept), _size(feed_text)
    if size < MIN_WORDS:
        return Verdict(False, "it shows only a paywall, consent or error notice" if gone else "it has hardly any text")
    about = _share_found(f"{title} {feed_text[:1_000]}", kept[:BEGINNING_CHARS])
    if about is not None and about < ABOUT_ANOTHER:
        return Verdict(False, "it is about something else")
    if about is not None and about < ABOUT_THE_SAME and _other_language(f"{title} {feed_text}", kept):
        return Verdict(False, "it is in another language")
    if _prose(kept) < PROSE:
        return Verdict(False, "it is a list, not an article")
    whole = given >= WHOLE_WORDS and not _MORE.search(feed_text[-200:])
    if size < given * (LONGER_THAN_WHOLE if whole else LONGER):
        return Verdict(
            False, "it says no more than the feed" + (", behind a paywall or consent notice" if gone else "")
        )
    return Verdict(True, f"{size:.0f} words instead of {given:.0f}")


def plain(markup: str | None) -> str:
    """Return the text of some HTML, blocks in paragraphs of their own."""
    if not markup:
        return ""
    tree = LexborHTMLParser(f"<body>{markup[:MAX_HTML]}</body>")
    for node in tree.css("script, style, template"):
        node.decompose()
    return _text(tree.body)


def _kept(tree: LexborHTMLParser, rule: SiteRule) -> str:
    """Return what the rule says is the article, each part once, in the order of the page."""
    if not rule.keep:
        return ""
    nodes = tree.css(", ".join(rule.keep))
    inside = {node.mem_id for outer in nodes for node in outer.css("*") if node.mem_id != outer.mem_id}
    return "\n".join(node.html or "" for node in nodes if node.mem_id not in inside)


def _found(markup: str, url: str) -> str:
    """Look for the article, rather missing a paragraph than taking in comments and menus; then less strictly."""
    found = _trafilatura(markup, url, precision=True)
    strict = _size(plain(found))
    if strict >= max(MIN_WORDS, LEAST_SHARE * _size(plain(markup))):
        return found  # there are not so many words on the page
    usual = _trafilatura(markup, url, precision=False)
    return usual if strict < MIN_WORDS or _missed(plain(found), plain(usual)) else found


def _missed(strict: str, usual: str) -> bool:
    """Tell whether a strict reading has missed the article: it has far fewer words, or fewer and other ones."""
    share = _size(strict) / max(1.0, _size(usual))
    if share >= LEAST_SHARE:
        return False
    terms = _terms(strict)
    return share < LEAST_SHARE_OF_SAME or len(terms & _terms(usual)) < SAME * len(terms)


def _trafilatura(markup: str, url: str, precision: bool) -> str:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it finds wanting is told by what it returns
    found = trafilatura.extract(
        markup,
        url=url,
        output_format="html",
        favor_precision=precision,
        include_comments=False,
        include_tables=True,
        include_formatting=True,
        include_links=True,
    )
    return found or ""


def _drop_boilerplate(article: LexborHTMLParser) -> None:
    for node in article.css("p, li, h1, h2, h3, h4, h5, h6"):
        if is_boilerplate(" ".join((node.text() or "").split())):
            node.decompose()


def _with_whole_links(article: LexborHTMLParser, url: str) -> str:
    for name in ("href", "src"):
        for node in article.css(f"[{name}]"):
            try:
                node.attrs[name] = join(url, node.attributes.get(name) or "")
            except ValueError:
                del node.attrs[name]
    return article.body.inner_html or "" if article.body else ""


def _link(tree: LexborHTMLParser, selector: str | None, url: str) -> str | None:
    """Return the first link of a selector that leads to another page of the same site."""
    for node in tree.css(selector) if selector else ():
        try:
            target = urldefrag(join(url, (node.attributes.get("href") or "").strip())).url
            same = urlsplit(target)[:2] == urlsplit(url)[:2]
        except ValueError:
            continue
        if same and target != urldefrag(url).url:
            return target
    return None


def _text(body: LexborNode | None) -> str:
    if body is None:
        return ""
    pieces = []
    for node in body.traverse(include_text=True):
        if node.tag == "-text":
            pieces.append((node.text_content or "").replace("\n", " "))
        elif node.tag in BLOCK_ELEMENTS:
            pieces.append("\n\n")
    return "\n\n".join(_paragraphs("".join(pieces)))


def _paragraphs(text: str) -> list[str]:
    return [paragraph for block in text.split("\n\n") if (paragraph := " ".join(block.split()))]


def decoded(body: bytes, content_type: str | None) -> str:
    """Decode a page as browsers do: byte order mark, then HTTP, then the page's own word, then what fits."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    named = re.search(r"charset\s*=\s*[\"']?([\w:.-]{2,40})", content_type or "", re.IGNORECASE)
    declared = _CHARSET.search(body[:4_096])
    for name in (named and named.group(1), declared and declared.group(1).decode("ascii")):
        try:
            codec = codecs.lookup(name).name if name else None
        except LookupError:
            continue
        if codec:
            return body.decode("cp1252" if codec in ("iso8859-1", "ascii") else codec, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _size(text: str) -> float:
    """Count words; a letter of a script without spaces counts as half a word."""
    spaceless = sum(map(len, _SPACELESS.findall(text)))
    return len(_WORD.findall(_SPACELESS.sub(" ", text))) + spaceless / 2


def _terms(text: str) -> set[str]:
    """Return what a text is about: beginnings of its longer words, pairs of letters where there are no spaces."""
    text = text.casefold()
    words = _WORD.findall(_SPACELESS.sub(" ", text))
    terms = {word[:TERM_CHARS] for word in words if (len(word) > 3 and word not in _COMMON) or word.isdigit()}
    for run in _SPACELESS.findall(text):
        terms.update(run[at : at + 2] for at in range(len(run) - 1))
    return terms


def _share_found(wanted: str, text: str) -> float | None:
    terms = _terms(wanted)
    return len(terms & _terms(text)) / len(terms) if len(terms) >= 3 else None


def _other_language(feed_text: str, page_text: str) -> bool:
    ours, theirs = _language(feed_text), _language(page_text)
    return ours is not None and theirs is not None and ours != theirs


def _language(text: str) -> str | None:
    """Return the language of a text that has enough of its commonest words; what is detected otherwise is a guess."""
    language = detect(text)
    if language not in COMMON_WORDS:
        return language
    words = _WORD.findall(text.casefold())
    common = COMMON_WORDS[language].split()
    return language if len(words) >= 12 and sum(word in common for word in words) >= len(words) * COMMON else None


def _prose(text: str) -> float:
    """Return which part of a text stands in paragraphs that end as sentences do, or are longer than any label."""
    paragraphs = _paragraphs(text)
    prose = sum(len(part) for part in paragraphs if _SENTENCE_END.search(part) or _size(part) >= PROSE_WORDS)
    return prose / max(1, sum(map(len, paragraphs)))
