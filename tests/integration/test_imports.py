"""What starts fast or runs without servers imports no more than it needs."""

from __future__ import annotations

import subprocess
import sys

HEAVY_LIBRARIES = ("kafka", "faust", "elasticsearch", "aiohttp", "feedparser", "numpy", "spacy", "sqlite3")


def test_help_imports_no_heavy_library() -> None:
    program = "import sys, pipeline.cli; print([m for m in sys.argv[1:] if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", program, *HEAVY_LIBRARIES], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_embedded_runtime_imports_no_server_library() -> None:
    program = (
        "import sys, pipeline.wiring.stores, pipeline.wiring.connectors, pipeline.wiring.runners; "
        "import pipeline.commands.up, pipeline.runners.embedded, pipeline.runners.polling.ingest; "
        "import pipeline.adapters.sqlite.index, pipeline.adapters.sqlite.ledger; "
        "print([m for m in ('kafka', 'faust', 'elasticsearch') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
