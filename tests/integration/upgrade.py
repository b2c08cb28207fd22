"""Look at a store, and change it, only as its user can: through the command line, which outlives every layout."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner

from pipeline.cli import main

HERE = Path(__file__).resolve().parent.parent / "data" / "upgrade"
PROGRAM = [sys.executable, "-c", "from pipeline.cli import main; main()"]
EVERYTHING = "100000"
ASKED_AGAIN = 30
# The longest time that `--days` takes.
EVER = "9999"
KEPT = """[keep]
articles_days = 36500
deliveries_days = 36500
"""


class Newswire:
    """Call the program on the store in ``directory``, with the channels and settings given."""

    def __init__(self, directory: Path, channels: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self.directory = directory
        settings = directory.parent / f"{directory.name}.toml"
        lines = [f"{name} = {json.dumps(address)}" for name, address in channels.items()]
        settings.write_text("\n".join([KEPT, "[channels]", *lines]))
        self._environment = {
            "NEWSWIRE_DATA": str(directory),
            "NEWSWIRE_CONFIG": str(settings),
            "NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8",
            "NEWSWIRE_RUNTIME": "embedded",
            **environment,
        }

    def start(self, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a command that runs until it is told to stop."""
        with log.open("ab") as file:
            return subprocess.Popen(
                [*PROGRAM, *arguments], env=os.environ | self._environment, stdout=file, stderr=subprocess.STDOUT
            )

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command in a process of its own; return what it printed on both outputs."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env=os.environ | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode in codes, (arguments, done.returncode, done.stdout[-3000:])
        assert "Traceback" not in done.stdout
        return done.stdout

    def tell(self, *arguments: str) -> None:
        """Run a command that changes something, in this process."""
        result = CliRunner().invoke(main, [*arguments], env=self._environment)
        assert result.exit_code == 0, (arguments, result.output[-3000:])

    def ask(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the JSON lines that a command prints; none where it finds nothing.

        An index that was made this moment may not answer yet: then it is asked again, for half a minute.
        """
        for _ in range(ASKED_AGAIN):
            result = CliRunner().invoke(main, [*arguments, "--json"], env=self._environment)
            if result.exit_code != 3 or "is busy" not in result.output:
                break
            time.sleep(1)
        assert result.exit_code in (0, 1), (arguments, result.output[-3000:])
        return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]

    def articles(self) -> dict[str, dict[str, Any]]:
        """Return all articles by id, copies too."""
        found = self.ask("search", "--copies", "--limit", EVERYTHING)
        assert len({article["id"] for article in found}) == len(found)
        return {article["id"]: article for article in found}

    def find(self, query: str) -> list[str]:
        """Return the ids of the articles that a query finds, sorted."""
        return sorted(article["id"] for article in self.ask("search", query, "--limit", EVERYTHING))

    def deliveries(self) -> dict[str, dict[str, Any]]:
        """Return all deliveries of alerts by id, those withheld too."""
        return {entry["id"]: entry for entry in self.ask("alert", "log", "--withheld", "--limit", EVERYTHING)}


def essence(article: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an article must stay as it was: its words as a digest, its links and its events."""
    names = ("revision", "title", "url", "source", "feed", "language", "published", "seen", "tags", "withdrawn",
             "duplicate_of", "story_id", "merged", "origins")  # fmt: skip
    return {
        **{name: article[name] for name in names},
        "text": hashlib.sha256((article["text"] or "").encode()).hexdigest()[:16],
        "changes": sorted({change["part"] for change in article["changes"]}),
        "events": sorted(event["id"] for event in article["events"]),
        "quotations": len(article["quotations"]),
    }


Found = Mapping[str, Sequence[str]]


def missed(was: Found, now: Found, articles: Mapping[str, Any]) -> list[str]:
    """Return the queries that do not find what they found.

    Copies are folded since: a group is shown once, and found by what its copies alone have, too.
    """

    def groups(found: Sequence[str]) -> set[str]:
        return {articles[name]["duplicate_of"] or name for name in found}

    def finds(query: str) -> bool:
        originals = {name for name in now[query] if articles[name]["duplicate_of"] is None}
        is_once = len(groups(now[query])) == len(now[query])
        return is_once and originals <= groups(was[query]) <= groups(now[query])

    return [query for query in was if not finds(query)]


def view(newswire: Newswire, queries: Iterable[str]) -> dict[str, Any]:
    """Return what a store holds, as ``expected.json`` keeps it."""
    articles = newswire.articles()
    originals = sorted({article["duplicate_of"] for article in articles.values()} - {None})
    return {
        "articles": {name: essence(article) for name, article in sorted(articles.items())},
        "copies": {name: sorted(newswire.ask("show", name)[0]["copies"]) for name in originals},
        "stories": {
            story["id"]: sorted(article["id"] for article in newswire.ask("story", "show", story["id"])[0]["articles"])
            for story in newswire.ask("story", "list", "--days", EVER, "--limit", EVERYTHING)
        },
        "events": sorted(event["id"] for event in newswire.ask("event", "list", "--all", "--limit", EVERYTHING)),
        "queries": {query: newswire.find(query) for query in queries},
    }


def states(newswire: Newswire) -> dict[str, dict[str, Any]]:
    """Return what became of every alert, as ``expected.json`` keeps it."""
    names = ("alert_id", "rule", "channel", "state", "reason", "article", "due")
    return {name: {key: entry[key] for key in names} for name, entry in sorted(newswire.deliveries().items())}


class Dumped(msgspec.Struct, frozen=True):
    """Hold one record of a topic as the dump keeps it; ``at`` is its time in milliseconds."""

    topic: str
    partition: int
    offset: int
    at: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, str] = {}


class Offsets(msgspec.Struct, frozen=True):
    """Hold how far a group had come in a topic with a single partition."""

    group: str
    topic: str
    offset: int


class Dump(msgspec.Struct, frozen=True):
    """Hold all topics of a distributed runtime in order, without their prefix, and the offsets of its groups."""

    records: tuple[Dumped, ...]
    offsets: tuple[Offsets, ...]


def expected() -> dict[str, Any]:
    """Return what the store held when it was made."""
    found: dict[str, Any] = json.loads((HERE / "expected.json").read_bytes())
    return found


def feeds() -> dict[str, str]:
    """Return the feeds' bodies by address, as they were at the last poll."""
    found: dict[str, str] = json.loads(lzma.decompress((HERE / "feeds.json.xz").read_bytes()))
    return found


def unpack_store(directory: Path) -> None:
    """Put a copy of the store where the program looks for it."""
    directory.mkdir(parents=True)
    (directory / "newswire.db").write_bytes(lzma.decompress((HERE / "newswire.db.xz").read_bytes()))


def dump() -> Dump:
    """Return the topics' dump."""
    lines = lzma.decompress((HERE / "topics.jsonl.xz").read_bytes()).splitlines()
    offsets = msgspec.json.decode(lines[0], type=tuple[Offsets, ...])
    return Dump(tuple(msgspec.json.decode(line, type=Dumped) for line in lines[1:]), offsets)


def pack_dump(dumped: Dump) -> bytes:
    """Return a dump as it is kept."""
    lines = [msgspec.json.encode(dumped.offsets), *map(msgspec.json.encode, dumped.records)]
    return lzma.compress(b"\n".join(lines), preset=9 | lzma.PRESET_EXTREME)


def moment(text: str) -> datetime:
    """Read a time as the program prints it."""
    return datetime.fromisoformat(text)
