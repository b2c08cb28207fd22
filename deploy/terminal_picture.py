"""Draw the terminal of the README from the program itself: `python -m deploy.terminal_picture [FILE]`.

Shows the demonstration, and then what a newcomer asks first. The commands run on a terminal of their own, so the
picture is of what people see, colours and all; nothing in it is fetched from elsewhere.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

PLACE = Path(__file__).parent / "screens" / "terminal.svg"
COLUMNS, LINES = 100, 50
SHOWN = (
    ("search", "ceasefire", "--limit", "4"),
    ("event", "list", "--all", "--limit", "4"),
    ("alert", "list"),
    ("story", "list"),
)
# Fonts that a viewer would be asked to fetch from elsewhere.
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def typed(arguments: Sequence[str], directory: Path) -> str:
    """Run a command on a terminal; return what it wrote there."""
    own, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSWIRE_")}
    environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NEWSWIRE_DATA": str(directory), "PAGER": "cat"}
    environment |= {"COLUMNS": str(COLUMNS), "LINES": str(LINES)}
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True)
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(own, 65_536)
        except OSError:  # the other end was closed
            break
        if not piece:
            break
        written += piece
    os.close(own)
    process.wait()
    return written.decode("utf-8", "replace").replace("\r\n", "\n")


def picture() -> str:
    """Return the picture as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        typed(("up", "--demo", "--once"), directory)
        for arguments in SHOWN:
            console.print(Text.assemble(("$ ", "dim"), ("newswire " + " ".join(arguments), "bold")))
            console.print(Text.from_ansi(typed(arguments, directory).strip("\n")))
            console.print()
    return _FONTS.sub("", console.export_svg(title="newswire", unique_id="newswire"))


def main() -> None:
    """Write the picture."""
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE
    place.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
