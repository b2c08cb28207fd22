"""Tell days and months that are names: "Sunday Oliseh coached", "her sister June", "Black Friday"."""

from __future__ import annotations

import re
from typing import Protocol


class Scene(Protocol):
    """Hold the words around an expression."""

    def preceded_by(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the text just before fits a pattern that ends in ``$``."""

    def followed_by(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the text just after fits a pattern."""


KIN = re.compile(r"\b(?:sister|wife|daughter|mother|aunt|cousin|niece|girlfriend|named|Mrs\.?|Ms\.?|Miss|Aunt)\s+$")
CALLED = re.compile(
    r"\b(?:Bloody|Black|Good|Palm|Easter|Cyber|Super|Ash|Shrove|Maundy|Holy|Giving|Blue|Manic|Whit|Bowl|Mothering|Red|Gold|Sheer)\s+$",
    re.IGNORECASE,
)
FIRST_NAMES = frozenset(("Sunday", "Friday"))
_BEFORE_DAY = re.compile(r"(?:[a-z,]|\d)\s+$")
_AFTER_FIRST_NAME = re.compile(r"\s[A-Z][a-z]+\s(?:[a-z]+(?:ed|s)|coached|told|won|ran|led|was|has|had|is)\b")


def stands_as_name(scene: Scene) -> bool:
    """Say whether a day stands where a first name does: first in its sentence, a surname and a verb after it."""
    return not scene.preceded_by(_BEFORE_DAY) and scene.followed_by(_AFTER_FIRST_NAME)
