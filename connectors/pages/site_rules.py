"""What is particular about reading the pages of some sites: ours in ``site_rules.toml``, the user's own before them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from pipeline.plain_words import TomlError, invalid, os_words, read_toml

USER_FILE = "fulltext.toml"
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*(:\d+)?")


class PageList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what a page without a feed lists: ``entry`` finds each article, the others look within one.

    They are CSS selectors, or XPath expressions where ``entry`` is one; ``path`` is how the paths of such pages begin.
    Without ``link`` it is the first link, without ``title`` a heading or the link's words, without ``date`` a ``time``
    element.
    """

    entry: str
    path: str = "/"
    link: str | None = None
    title: str | None = None
    date: str | None = None
    text: str | None = None
    author: str | None = None
    image: str | None = None

    @property
    def selectors(self) -> list[str]:
        """Return all that is a selector or an expression."""
        within = (self.link, self.title, self.date, self.text, self.author, self.image)
        return [self.entry, *filter(None, within)]

    @property
    def is_xpath(self) -> bool:
        """Tell whether the list is written in XPath."""
        return is_xpath(self.entry)


class SiteRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how to read a site's pages, in CSS selectors.

    ``keep`` is the article, in the order of the page; without it, or where it finds nothing, the article is looked for.
    ``strip`` is taken out first. ``next_page`` is the link to follow to the article's next page, ``true`` for
    ``rel=next``; ``single_page`` the link to the whole article on one page. ``list`` is what its pages list, which may
    be several.
    """

    keep: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()
    next_page: bool | str = False
    single_page: str | None = None
    list: PageList | tuple[PageList, ...] = ()

    @property
    def next_selector(self) -> str | None:
        """Return the selector of the link to the next page, if it is to be followed."""
        if isinstance(self.next_page, str):
            return self.next_page
        return "link[rel~=next], a[rel~=next]" if self.next_page else None


NO_RULE = SiteRule()


def is_xpath(selector: str) -> bool:
    """Tell XPath from CSS: no selector begins with a slash, a path from here or a bracket."""
    return selector.lstrip().startswith(("/", "./", "("))


class SiteRules:
    """Find the rule of a page's site; ``errors`` tells of the user's rules that could not be used, by host."""

    def __init__(
        self, rules: Mapping[str, SiteRule], errors: tuple[str, ...] = (), user_file: Path | None = None
    ) -> None:
        self._rules = rules
        self._lists = any(rule.list for rule in rules.values())
        self.errors = errors
        self.user_file = user_file

    def of(self, url: str) -> SiteRule:
        """Return the rule for a page: that of its host, else of the nearest domain above it, else none."""
        parts = urlsplit(url)
        name = parts.netloc.rpartition("@")[2].lower()
        for host in (name, (parts.hostname or "")):
            while host:
                if host in self._rules:
                    return self._rules[host]
                host = host.partition(".")[2]
        return NO_RULE

    def list_of(self, url: str) -> PageList | None:
        """Return the rule for what a page lists: of several, that with the longest path."""
        if not self._lists:
            return None
        try:
            rule, path = self.of(url), urlsplit(url).path or "/"
        except ValueError:
            return None
        lists = rule.list if isinstance(rule.list, tuple) else (rule.list,)
        fitting = [one for one in lists if path.startswith(one.path)]
        return max(fitting, key=lambda one: len(one.path), default=None)


def load(user_file: Path | None = None) -> SiteRules:
    """Read our rules and the user's, of which each replaces ours for the same host. A bad rule costs only itself."""
    rules, errors = read(files("connectors.pages").joinpath("site_rules.toml").read_text(encoding="utf-8"))
    if user_file is not None and user_file.exists():
        try:
            own, wrong = read(user_file.read_bytes())
        except OSError as exc:
            own, wrong = {}, (f"the file cannot be read: {os_words(exc)}.",)
        rules, errors = rules | own, errors + wrong
    return SiteRules(rules, errors, user_file)


def read(text: bytes | str) -> tuple[dict[str, SiteRule], tuple[str, ...]]:
    """Return the rules of a file by host, and one sentence for each that is not usable."""
    try:
        tables = read_toml(text)
    except TomlError as exc:
        return {}, (f"none of its rules is used: {exc}.",)
    rules, errors = {}, []
    for host, table in tables.items():
        try:
            rules[host.lower()] = _rule(host, table)
        except (msgspec.ValidationError, ValueError) as exc:
            errors.append(f'the rule for "{host}" is not used: {invalid(exc)}.')
    return rules, tuple(errors)


def _rule(host: str, table: Any) -> SiteRule:
    if not _HOST.fullmatch(host.lower()):
        raise ValueError('a rule is a table named by a quoted host, such as ["news.example.org"]')
    rule = msgspec.convert(table, SiteRule)
    selectors = [*rule.keep, *rule.strip, *filter(None, (rule.next_selector, rule.single_page))]
    empty = LexborHTMLParser("<p></p>")
    for selector in selectors:
        try:
            empty.css(selector)
        except SelectolaxError:
            raise ValueError(f"{selector!r} is no CSS selector") from None
    for one in rule.list if isinstance(rule.list, tuple) else (rule.list,):
        _check_list(one)
    return rule


def _check_list(found: PageList) -> None:
    if not found.is_xpath:
        empty = LexborHTMLParser("<p></p>")
        for selector in found.selectors:
            try:
                empty.css(selector)
            except SelectolaxError:
                raise ValueError(f"{selector!r} is no CSS selector") from None
        return
    if importlib.util.find_spec("lxml") is None:
        raise ValueError("XPath needs the extra: pip install 'newswire[fulltext]', or write CSS")
    from lxml import etree

    for selector in found.selectors:
        try:
            etree.XPath(selector)
        except etree.XPathError:
            raise ValueError(f"{selector!r} is no XPath expression") from None
