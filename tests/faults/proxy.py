"""A relay on loopback that can refuse whoever calls, or pass on what it is asked and keep the answer to itself."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65_536


class Proxy:
    """Relay connections to a server; what it does with them may be changed at any time."""

    def __init__(self, host: str, port: int, seed: int = 0) -> None:
        self._target = (host, port)
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: set[socket.socket] = set()
        self._turn = threading.Lock()
        self.is_away = False
        self.lost_share = 0.0
        self.lost = self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Return where it listens."""
        host, port = self._listener.getsockname()[:2]
        return f"{host}:{port}"

    def cut(self) -> None:
        """Break all connections there are."""
        with self._turn:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop."""
        self.is_away = True
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_away:
                self.refused += 1
                client.close()
                continue
            try:
                server = socket.create_connection(self._target, 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._turn:
                self._open |= {client, server}
            for source, sink, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._relay, args=(source, sink, answers), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if answers and self._random.random() < self.lost_share:
                    self.lost += 1
                    break
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._turn:
            self._open.discard(source)
        source.close()


@contextmanager
def relaying(address: str, seed: int = 0) -> Iterator[Proxy]:
    """Relay to ``host:port`` for as long as the block runs."""
    host, _, port = address.rpartition(":")
    proxy = Proxy(host.removeprefix("http://"), int(port), seed)
    try:
        yield proxy
    finally:
        proxy.close()
