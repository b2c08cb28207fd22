"""How a browser shows the page: colours, how close rows stand, size and kind of letters; kept in its own cookie."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

import msgspec

COOKIE = "newswire_display"
# Each choice with what it may be, the usual first, and how people call it.
CHOICES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "theme": ("Colours", {"system": "as the system has it", "light": "light", "dark": "dark"}),
    "rows": ("Rows", {"roomy": "roomy", "close": "close together"}),
    "size": ("Text", {"usual": "usual", "small": "small", "large": "large"}),
    "letters": ("Articles", {"serif": "in letters with serifs", "sans": "in letters without"}),
}


class Display(msgspec.Struct, frozen=True):
    """Hold what was chosen."""

    theme: str = "system"
    rows: str = "roomy"
    size: str = "usual"
    letters: str = "serif"

    def written(self) -> str:
        """Return it as the cookie keeps it."""
        return ".".join(msgspec.structs.astuple(self))


def chosen(given: Mapping[str, str]) -> Display:
    """Return what was chosen; what is no choice is the usual."""
    kept = {name: given[name] for name, (_, values) in CHOICES.items() if given.get(name) in values}
    return Display(**kept)


def display_of(headers: Mapping[str, str]) -> Display:
    """Return what a browser's cookie asks for."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    parts = cookie.value.split(".") if cookie is not None else []
    return chosen(dict(zip(CHOICES, parts, strict=False)))
