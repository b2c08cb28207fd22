"""What starts fast or runs without servers imports no more than it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SERVER_LIBRARIES = ("kafka", "faust", "elasticsearch")
HEAVY_LIBRARIES = ("aiohttp", "feedparser", "msgspec", "numpy", "sqlite3")


def imported(program: str) -> set[str]:
    """Return what a program imports in a fresh interpreter, in which a measuring tool may have imported something."""
    forget = f"[sys.modules.pop(name) for name in {(*SERVER_LIBRARIES, *HEAVY_LIBRARIES)} if name in sys.modules]"
    whole = f"import sys\n{forget}\nbefore = set(sys.modules)\n{program}\nprint(*(set(sys.modules) - before))"
    result = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_help_imports_no_heavy_library() -> None:
    modules = imported("import pipeline.cli")
    assert ("pipeline.cli" in modules, set()) == (True, modules & {*SERVER_LIBRARIES, *HEAVY_LIBRARIES})


def test_embedded_runtime_imports_no_server_library() -> None:
    modules = imported(
        "import pipeline.wiring.stores, pipeline.wiring.connectors, pipeline.wiring.runners\n"
        "import pipeline.commands.up, pipeline.runners.embedded, pipeline.runners.polling.ingest\n"
        "import pipeline.adapters.sqlite.index, pipeline.adapters.sqlite.ledger"
    )
    assert ("pipeline.runners.embedded" in modules, set()) == (True, modules & {*SERVER_LIBRARIES})


def test_a_round_without_a_feed_loads_no_http_client(tmp_path: Path) -> None:
    command = ["up", "--demo", "--once", "--data", str(tmp_path)]
    modules = imported(f"from pipeline.cli import main\nmain({command!r}, standalone_mode=False)")
    assert ("pipeline.runners.embedded" in modules, set()) == (True, modules & {*SERVER_LIBRARIES, "aiohttp"})
