"""What is particular about reading the pages of some sites: ours in ``site_rules.toml``, the user's own before them."""

from __future__ import annotations

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


class SiteRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how to read a site's pages, in CSS selectors.

    ``keep`` is the article, in the order of the page; without it, or where it finds nothing, the article is looked for.
    ``strip`` is taken out first. ``next_page`` is the link to follow to the article's next page, ``true`` for
    ``rel=next``; ``single_page`` the link to the whole article on one page.
    """

    keep: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()
    next_page: bool | str = False
    single_page: str | None = None

    @property
    def next_selector(self) -> str | None:
        """Return the selector of the link to the next page, if it is to be followed."""
        if isinstance(self.next_page, str):
            return self.next_page
        return "link[rel~=next], a[rel~=next]" if self.next_page else None


NO_RULE = SiteRule()


class SiteRules:
    """Find the rule of a page's site; ``errors`` tells of the user's rules that could not be used, by host."""

    def __init__(
        self, rules: Mapping[str, SiteRule], errors: tuple[str, ...] = (), user_file: Path | None = None
    ) -> None:
        self._rules = rules
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
    return rule
