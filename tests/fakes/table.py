"""A table in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


class MemoryTable:
    """Keep the latest value per key, for one reader of changes."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self._changed: dict[str, bytes | None] = {}

    def get(self, key: str) -> bytes | None:
        """Return the latest value."""
        return self.values.get(key)

    def put(self, key: str, value: bytes | None) -> None:
        """Set the value of a key; ``None`` removes it."""
        self._changed[key] = value
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value

    def update(self, values: Mapping[str, bytes | None]) -> None:
        """Put many values."""
        for key, value in values.items():
            self.put(key, value)

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over all keys with their values, sorted by key."""
        return iter(sorted(self.values.items()))

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        """Return what was put since the last call."""
        changed, self._changed = self._changed, {}
        return list(changed.items())
