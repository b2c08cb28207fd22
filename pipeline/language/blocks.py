"""The elements of HTML that begin a line or a paragraph of their own."""

from __future__ import annotations

BLOCK_ELEMENTS = frozenset(
    "address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
