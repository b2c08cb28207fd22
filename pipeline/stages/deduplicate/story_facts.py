"""The facts of stories, what is decided of an article in their terms, and how both are encoded."""

from __future__ import annotations

from typing import TypedDict

import msgspec

from pipeline.stages.decision import Fact
from pipeline.stages.deduplicate.reports import Report
from pipeline.stages.deduplicate.vectors import Row

STORY_KEY = "story "
STORY_VERSION = 1
ID_BYTES = 16
COUNT_BYTES = 2
ORIGINS_MAX = 65_535
SOURCE_BYTES = 4
SOURCES_MAX = 256


class StoryFields(TypedDict):
    """Say in a document's terms which story an article belongs to."""

    story_id: str
    merged: tuple[str, ...]
    origins: int


class StoryDecision(msgspec.Struct, frozen=True):
    """Answer for one article: what ``story_fields`` tells of its story, and the stories' facts.

    ``story`` is the story's id in 16 bytes, then those merged into it so far, then 2 bytes that count its origins.
    """

    story: bytes
    facts: tuple[Fact, ...] = ()


class StoryFact(msgspec.Struct, frozen=True, array_like=True):
    """Keep one open story: times in hours of the log and seconds of the reports, and its words with their weights.

    ``order`` numbers the decisions of a language; ``last`` names the decision that made this fact. ``sources`` are
    32-bit hashes of the publishers that reported it themselves, ``told`` what some of the reports state, encoded.
    """

    version: int
    opened: int
    order: int
    last: str
    touched: int
    latest: float
    reports: int
    merged: bytes
    terms: bytes
    weights: bytes
    sources: bytes = b""
    told: bytes = b""


def story_fields(story: bytes) -> StoryFields:
    """Return a document's fields from what ``join`` encoded of its article."""
    merged = tuple(map(bytes.hex, ids_of(story[ID_BYTES:-COUNT_BYTES])))
    origins = int.from_bytes(story[-COUNT_BYTES:], "big")
    return {"story_id": story[:ID_BYTES].hex(), "merged": merged, "origins": origins}


def story_language(key: str) -> str:
    """Return the language of a story's fact from its key."""
    return key.removeprefix(STORY_KEY).rpartition(" ")[0]


def origins_of(fact: StoryFact) -> int:
    """Return how many publishers reported a story themselves."""
    return count_sources(fact.sources)


def count_sources(sources: bytes) -> int:
    """Return how many publishers there are in a story's ``sources``."""
    # Of a story that an earlier version kept no publishers are known.
    return max(len(sources) // SOURCE_BYTES, 1)


def source_bytes(new: Report) -> bytes:
    """Return the publisher of a report as a story's ``sources`` hold it."""
    return new.source.to_bytes(SOURCE_BYTES, "little")


def with_sources(sources: bytes, more: bytes) -> bytes:
    """Add publishers to those of a story; beyond so many nobody counts."""
    known = [sources[at : at + SOURCE_BYTES] for at in range(0, len(sources), SOURCE_BYTES)]
    for at in range(0, len(more), SOURCE_BYTES):
        if more[at : at + SOURCE_BYTES] not in known and len(known) < SOURCES_MAX:
            known.append(more[at : at + SOURCE_BYTES])
    return b"".join(known)


def stored(fact: StoryFact) -> bytes:
    """Return a fact as its table keeps it."""
    return msgspec.msgpack.encode(fact)


def with_vector(fact: StoryFact, vector: Row) -> StoryFact:
    """Return a fact with other words."""
    terms, weights = vector
    return msgspec.structs.replace(fact, terms=terms.tobytes(), weights=weights.tobytes())


def encode_story(ids: bytes, origins: int) -> bytes:
    """Encode a story, by its id and those merged into it, as ``StoryDecision`` holds it."""
    return ids + min(origins, ORIGINS_MAX).to_bytes(COUNT_BYTES, "big")


def ids_of(joined: bytes) -> list[bytes]:
    """Return the ids in a row of ids."""
    return [joined[at : at + ID_BYTES] for at in range(0, len(joined), ID_BYTES)]
