"""The memory of deduplication as arrays that are written and read at once: to learn a million facts takes a minute.

Which attributes make up each structure is listed here, with what they are decoded as. Whoever changes what one of them
means raises ``SAVED_VERSION``: arrays of another version are not read, and the facts are learned instead.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from pipeline.ports.memories import Part, Parts
from pipeline.stages.deduplicate.copies import COPY_VERSION, Copies
from pipeline.stages.deduplicate.near_duplicates import NearDuplicateIndex
from pipeline.stages.deduplicate.sketch import SKETCH_VERSION
from pipeline.stages.deduplicate.stories import Stories
from pipeline.stages.deduplicate.story_facts import STORY_VERSION
from pipeline.stages.deduplicate.vectors import Centroids, Vocabulary

SAVED_VERSION = 1
SAVED_AS = f"{SAVED_VERSION}.{SKETCH_VERSION}.{STORY_VERSION}.{COPY_VERSION}.{sys.byteorder}"

Names = Mapping[str, Any]
# Arrays are what they are; all else is decoded as the type beside its name.
_INDEX: Names = {
    **dict.fromkeys(("_orders", "_seen", "_revisions", "_sources", "_contents", "_minima", "_facts"), array),
    **dict.fromkeys(("_keys", "_next", "_buckets"), array),
    "latest": int,
    "_ids": list[str | None],
    "_originals": dict[int, str],
    "_stories": list[bytes],
    "_outdated": set[str],
    "_in_order": bool,
    "_oldest": int,
}
_BY_STORY: Names = dict.fromkeys(("_ids", "_opened", "_touched", "_latest", "_reports", "_titles"), np.ndarray)
_STORIES: Names = {
    "_merged": dict[bytes, bytes],
    "_into": dict[bytes, bytes],
    "_order": int,
    "_last": tuple[str, bytes],
}
_BY_ROW: Names = dict.fromkeys(("terms", "weights", "_next", "_before"), np.ndarray)
_CENTROIDS: Names = {"_free": list[int], "_rows": int}
_VOCABULARY: Names = {**dict.fromkeys(("keys", "count", "first"), np.ndarray), "_used": int}
_COPIES: Names = {"_facts": dict[str, bytes], "_of": dict[str, set[str]]}
_MARKS = frozenset({"latest", "hours", "_of"})
_Told = list[tuple[bytes, int, bytes, bytes]]


def saved_index(index: NearDuplicateIndex) -> Parts:
    """Return the parts of an index of near-duplicates."""
    index.settle()
    return _saved(index, _INDEX)


def restored_index(parts: Parts) -> NearDuplicateIndex:
    """Make an index of near-duplicates of its parts."""
    index = NearDuplicateIndex()
    _restore(index, _INDEX, parts)
    rows = {key: row for row, key in enumerate(vars(index)["_ids"]) if key is not None}
    _set(index, "_rows", rows)
    return index


def saved_copies(copies: Copies) -> Parts:
    """Return the parts of what is kept of copies."""
    return _saved(copies, _COPIES)


def restored_copies(parts: Parts) -> Copies:
    """Make what is kept of copies of its parts."""
    copies = Copies()
    _restore(copies, _COPIES, parts)
    return copies


def saved_stories(stories: Stories) -> Parts:
    """Return the parts of the open stories of a language."""
    held = vars(stories)
    centroids: Centroids = held["_centroids"]
    rows: int = vars(centroids)["_rows"]
    told: _Told = [(story, row, held["_sources"][story], held["_told"][story]) for story, row in held["_rows"].items()]
    return {
        **_saved(stories, _STORIES),
        **_saved(stories, _BY_STORY, rows),
        "told": _packed(told),
        "hours": _packed(dict(held["_hours"])),
        **named("centroids", {**_saved(centroids, _CENTROIDS), **_saved(centroids, _BY_ROW, rows)}),
        **named("vocabulary", _saved(centroids.vocabulary, _VOCABULARY)),
    }


def restored_stories(language: str, parts: Parts) -> Stories:
    """Make the open stories of a language of their parts."""
    stories, centroids, vocabulary = Stories(language), Centroids(), Vocabulary()
    _restore(stories, {**_STORIES, **_BY_STORY}, parts)
    # One object for each id, as there is when facts are learned.
    told = _unpacked(parts["told"], _Told)
    _set(stories, "_rows", {story: row for story, row, _, _ in told})
    _set(stories, "_sources", {story: sources for story, _, sources, _ in told})
    _set(stories, "_told", {story: reports for story, _, _, reports in told})
    _set(stories, "_hours", Counter(_unpacked(parts["hours"], dict[int, int])))
    _restore(centroids, {**_CENTROIDS, **_BY_ROW}, inside("centroids", parts))
    _restore(vocabulary, _VOCABULARY, inside("vocabulary", parts))
    _set(vocabulary, "_shift", np.uint32(32 - (len(vocabulary.keys) - 1).bit_length()))
    centroids.vocabulary = vocabulary
    _set(stories, "_centroids", centroids)
    return stories


def named(name: str, parts: Parts) -> Parts:
    """Return the parts under a name, which ``inside`` takes away."""
    return {f"{name}/{key}": part for key, part in parts.items()}


def saved_languages(parts: Parts) -> list[str]:
    """Return the languages that parts are named after: any text; one part of each structure is told by its name."""
    names = (key.rpartition("/") for key in parts)
    return [language for language, _, name in names if name in _MARKS]


def inside(name: str, parts: Parts) -> Parts:
    """Return the parts whose names begin with a name and a slash, without these."""
    return {key.removeprefix(f"{name}/"): part for key, part in parts.items() if key.startswith(f"{name}/")}


def _saved(thing: object, names: Names, rows: int | None = None) -> Parts:
    """Return attributes as parts, of arrays the first ``rows`` rows."""
    parts: dict[str, Part] = {}
    for name in names:
        value = vars(thing)[name]
        if isinstance(value, array):
            parts[name] = Part(value.typecode, (len(value),), memoryview(value).cast("B"))
        elif isinstance(value, np.ndarray):
            some = np.ascontiguousarray(value[:rows])
            parts[name] = Part(some.dtype.str, some.shape, some.reshape(-1).view(np.uint8).data)
        else:
            parts[name] = _packed(value)
    return parts


def _restore(thing: object, names: Names, parts: Parts) -> None:
    for name, kind in names.items():
        part = parts[name]
        if kind is array:
            made = array(part.kind)
            made.frombytes(part.data)
            _set(thing, name, made)
        elif kind is np.ndarray:
            _set(thing, name, np.frombuffer(part.data, part.kind).reshape(part.shape))
        else:
            _set(thing, name, _unpacked(part, kind))


def _set(thing: object, name: str, value: object) -> None:
    vars(thing)[name] = value


def _packed(value: object) -> Part:
    return Part("", (), memoryview(msgspec.msgpack.encode(value)))


def _unpacked(part: Part, kind: Any) -> Any:
    return msgspec.msgpack.decode(part.data, type=kind)
