"""A loopback server that says exactly what a scenario tells it to, byte for byte, and counts what it could send."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

Script = Callable[[str], Iterable[bytes]]


class RawServer:
    """Answer each connection with what a script yields for the path; what is sent counts until the client hangs up."""

    def __init__(self, script: Script, host: str = "127.0.0.1") -> None:
        self.sent = 0
        self.connections = 0
        self.requests: list[bytes] = []
        self._script = script
        self._listening = socket.create_server((host, 0))
        self.url = f"http://{host}:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            request = connection.recv(65_536)
            self.requests.append(request)
            path = request.split(b" ")[1].decode("latin-1") if request.count(b" ") > 1 else ""
            for piece in self._script(path):
                connection.sendall(piece)
                self.sent += len(piece)
