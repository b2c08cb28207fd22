"""Pop-up notices of the desktop, through the freedesktop tool ``notify-send``."""

from __future__ import annotations

import shutil
import subprocess

from pipeline.adapters.notify.reasons import reason_of
from pipeline.adapters.notify.terminal import printable
from pipeline.errors import TransientError, UsageError
from pipeline.ports.alerts import Notice

TIMEOUT_S = 5.0
_URGENCY = {"low": "low", "normal": "normal", "high": "critical"}


class Desktop:
    """Show each notice on the desktop."""

    def __init__(self) -> None:
        self._tool = shutil.which("notify-send")
        if self._tool is None:
            raise UsageError("The desktop channel needs notify-send, which is not installed (package libnotify-bin).")

    def send(self, notice: Notice) -> None:
        """Show one notice."""
        assert self._tool is not None
        # The body is markup to some desktops.
        body = printable(notice.text.replace("\n", " ")).replace("&", "&amp;").replace("<", "&lt;")
        command = [self._tool, f"--urgency={_URGENCY[notice.priority]}", "--app-name=Newswire", "--"]
        try:
            subprocess.run(
                [*command, printable(notice.title), body], check=True, timeout=TIMEOUT_S, capture_output=True
            )
        except (OSError, subprocess.SubprocessError) as exc:
            raise TransientError(f"notify-send: {reason_of(exc)}") from exc
