"""The hot paths over a fixed corpus, run by ``instructions`` under callgrind: ``python -m tests.bench.hot_paths``.

Each path is walked once uncounted, so that what is loaded or compiled only once is there, and then counted over texts
that no cache knows.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from html import escape
from pathlib import Path

import msgspec

from connectors.formats.document import parse_document
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.model import AlertRule, Article, Document, as_document, derive_id
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.stages.decision import Memory
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.stages.extract.stage import read
from pipeline.stages.identify.stage import Known, identify
from pipeline.stages.match.stage import Rules, match
from tests.bench.corpus import Corpus

ARTICLES = Path(__file__).parent.parent / "data" / "bench" / "articles.jsonl"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = 500
QUERIES = ("ceasefire", '"central bank"', "flood* OR storm", "title:strike", "government -minister")
# What a loop of the interpreter costs, which the counts are divided by, so that its builds compare.
LOOP = "loop"
LOOPED = 20_000

# ``long request(long *arguments)`` by valgrind's magic instructions for x86-64, which do nothing anywhere else: the
# arguments' address in rax, the answer in rdx, and rdi turned by 3, 13, 61 and 51 bits, a whole turn.
_CODE = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_CALLGRIND = 0x43540000  # 'C' 'T'
_ZERO, _DUMP_AT, _START = _CALLGRIND + 1, _CALLGRIND + 3, _CALLGRIND + 4


class Callgrind:
    """Ask callgrind, where this process runs under it, to count a call and to write the count down under a name."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._page.write(_CODE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._request = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(address)

    def start(self) -> None:
        """Begin to look on, for good: to begin and to end costs callgrind all that it knows of the program."""
        self._ask(_START)

    def count(self, name: str, work: Callable[[], object]) -> None:
        """Count the instructions of a call."""
        label = ctypes.create_string_buffer(name.encode())
        self._ask(_ZERO)
        work()
        self._ask(_DUMP_AT, ctypes.addressof(label))

    def _ask(self, request: int, argument: int = 0) -> None:
        arguments = (ctypes.c_uint64 * 6)(request, argument, 0, 0, 0, 0)
        self._request(ctypes.addressof(arguments))


@dataclass(frozen=True)
class HotPath:
    """Name a hot path; ``prepare`` returns its work over some articles, with nothing counted yet."""

    name: str
    prepare: Callable[[Sequence[Article]], Callable[[], object]]
    articles: int


def articles(edition: str) -> list[Article]:
    """Return the corpus with ids and words of their own for an edition."""
    read_ = [msgspec.json.decode(line, type=Article) for line in ARTICLES.read_bytes().splitlines()]
    return [
        msgspec.structs.replace(each, id=derive_id(edition, each.id), text=f"{each.text} So said edition {edition}.")
        for each in read_
    ]


def _documents(found: Sequence[Article]) -> list[Document]:
    return [as_document(each, revision=1) for each in found]


def _parse(found: Sequence[Article]) -> Callable[[], object]:
    entries = "".join(
        f"<item><guid>{each.id}</guid><title>{escape(each.title or '')}</title><link>https://example.org/{each.id}"
        f"</link><pubDate>Fri, 20 Nov 2026 11:00:00 GMT</pubDate><description>{escape(f'<p>{each.text}</p>')}"
        "</description></item>"
        for each in found
    )
    body = f'<rss version="2.0"><channel><title>Bench</title>{entries}</channel></rss>'.encode()
    return lambda: parse_document(body, "application/rss+xml", "https://example.org/feed")


def _decided(decide: Callable[..., object], memory: Memory, values: Sequence[Article]) -> Callable[[], object]:
    return lambda: [decide(value, memory, NOW) for value in values]


def _identify(found: Sequence[Article]) -> Callable[[], object]:
    return _decided(identify, Known(), [msgspec.structs.replace(each, language=None) for each in found])


def _deduplicate(found: Sequence[Article]) -> Callable[[], object]:
    memory = Remembered()
    values = _documents(found)

    def work() -> None:
        memory.expect(values)
        for value in values:
            for fact in deduplicate(value, memory, NOW).facts:
                memory.learn(fact.key, fact.value)

    return work


@cache
def _names() -> list[str]:
    corpus = Corpus(seed=2)
    return [f'"{" ".join(corpus.name())}"' for _ in range(RULES)]


def _match(found: Sequence[Article]) -> Callable[[], object]:
    rules = Rules()
    for number, query in enumerate([*_names(), *QUERIES, "event:CONSULT"]):
        rule = AlertRule(id=f"r{number}", name=query, query=query, created=NOW)
        rules.learn(rule.id, msgspec.json.encode(rule))
    return _decided(match, rules, _documents(found))


def _extract(found: Sequence[Article]) -> Callable[[], object]:
    values = _documents(found)
    return lambda: [read(value) for value in values]


def _index(found: Sequence[Article]) -> Callable[[], object]:
    index = SqliteIndex(Database(":memory:").__enter__())
    values = _documents(found)
    return lambda: index.upsert(values)


def _search(found: Sequence[Article]) -> Callable[[], object]:
    index = SqliteIndex(Database(":memory:").__enter__())
    for number in range(3):
        moved = [
            msgspec.structs.replace(each, id=derive_id(each.id, str(number)), seen=each.seen - timedelta(hours=number))
            for each in _documents(found)
        ]
        index.upsert(moved)
    return lambda: [index.search(SearchRequest(query=parse(query), now=NOW, limit=10)) for query in QUERIES]


def _loop(found: Sequence[Article]) -> Callable[[], object]:
    def work() -> int:
        counts: dict[str, int] = {}
        for number in range(LOOPED):
            key = str(number & 1023)
            counts[key] = counts.get(key, 0) + len(key)
        return len(counts)

    return work


PATHS = (
    HotPath(LOOP, _loop, 0),
    HotPath("parse", _parse, 35),
    HotPath("identify", _identify, 20),
    HotPath("deduplicate", _deduplicate, 35),
    HotPath("match", _match, 35),
    HotPath("index", _index, 20),
    HotPath("search", _search, 10),
    HotPath("extract", _extract, 6),
)


def main() -> None:
    """Walk each path, and count it where callgrind looks on."""
    gc.disable()
    first, second = articles("first"), articles("second")
    for path in PATHS:
        path.prepare(first[: path.articles])()
    works = [(path.name, path.prepare(second[: path.articles])) for path in PATHS]
    callgrind = Callgrind()
    callgrind.start()
    for name, work in works:
        callgrind.count(name, work)


if __name__ == "__main__":
    main()
