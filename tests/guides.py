"""Code blocks of the guides, for tests that run them."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def code_blocks(guide: str) -> list[str]:
    """Return the Python code of a guide, block by block."""
    return [textwrap.dedent(block) for block in _BLOCK.findall((ROOT / guide).read_text("utf-8"))]
