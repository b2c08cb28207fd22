"""A letter in place of an icon, as SVG, for a site that has none."""

from __future__ import annotations

from html import escape


def letter_icon(name: str) -> str:
    """Draw the first letter or digit of a name."""
    name = name.removeprefix("www.")
    letter = next((c for c in name if c.isalnum()), "·").upper()[:1]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16">'
        '<rect width="16" height="16" rx="3" fill="#77716a"/><text x="8" y="12" text-anchor="middle" fill="#fdfcf9" '
        f'font-family="system-ui, sans-serif" font-size="11" font-weight="600">{escape(letter)}</text></svg>'
    )
