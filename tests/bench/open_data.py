"""Fetch the open data that some benchmarks measure on: `python -m tests.bench.open_data [FOLDER]`.

It is other people's, so it is no part of the project: each comes from its own repository, at the commit that the table
below names, into the user's cache or FOLDER. Treebanks are taken from the release whose text is the one that README's
figures were measured on (``open_data.json`` has its digest); what is of another edition is told.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import lzma
import os
import re
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

COMMAND = "python -m tests.bench.open_data"
DIGESTS = Path(__file__).with_suffix(".json")
ARCHIVE = "https://codeload.github.com/{repository}/tar.gz/{reference}"
FILE = "https://raw.githubusercontent.com/{repository}/{reference}/{path}"
TIMEOUT_S = 120
DIGEST_CHARS = 16
MAX_FILE_BYTES = 50_000_000


class Archive(NamedTuple):
    """Name a folder of feeds, and which files of a repository at a commit it has; code is none of them."""

    folder: str
    repository: str
    commit: str
    paths: str


class Treebank(NamedTuple):
    """Name a file of texts and where it is from: the first reference whose text is the one that was measured on."""

    name: str
    repository: str
    references: tuple[str, ...]
    path: str
    genres: tuple[str, ...] = ()


ARCHIVES = (
    Archive("laminas-feed", "laminas/laminas-feed", "23807e692b3174750b426143bd93572b71b6739a", r"^test/.*_files/"),
    Archive("newsboat", "newsboat/newsboat", "1ee1e83d7f10b1787f8814a9ed3dc678f15e5f93",
            r"^test/data/.*\.(?:xml|atom|opml|rss)$"),
    Archive("reader", "lemon24/reader", "fb77ceee44f606b702b454e310b2366fa53d3743", r"^tests/data/"),
    Archive("simplepie", "simplepie/simplepie", "dca4bf5a494d5192167fb8ba99e78dc9bdb1523b",
            r"^tests/(?:data|Fixtures)/"),
    Archive("jsonfeed/spec", "manton/JSONFeed", "7a864ecfc2b35404b5c8ca4902f26cb6bd965d4a", r"^(?:pages|posts)/"),
    Archive("jsonfeed/gofeed", "mmcdole/gofeed", "e010ca02e0eb28daf544c0447fdd64e4e99d5c5e",
            r"^testdata/(?:parser|translator)/json/"),
    Archive("sitemaps", "adbar/trafilatura", "e90b0ef51ab026fdb905fb6c5b3c84dd3d784fd5",
            r"^tests/resources/(?:sitemap|feed|redundant|list-)"),
)  # fmt: skip
RELEASES = ("r2.17", "r2.16", "r2.15", "r2.14", "r2.18")
# The genres of GUM whose texts are free.
OPEN_GENRES = tuple("academic bio court interview news speech textbook vlog voyage".split())
TREEBANKS = (
    *(Treebank(f"ewt-{part}.conllu.xz", "UniversalDependencies/UD_English-EWT", RELEASES, f"en_ewt-ud-{part}.conllu")
      for part in ("dev", "test", "train")),
    *(Treebank(f"gum-open-{part}.conllu.xz", "UniversalDependencies/UD_English-GUM", RELEASES,
               f"en_gum-ud-{part}.conllu", OPEN_GENRES) for part in ("dev", "train")),
    Treebank("uner-ewt-test.iob2.xz", "UniversalNER/UNER_English-EWT", ("master", "main"), "en_ewt-ud-test.iob2"),
)  # fmt: skip
EVENTS = "events/plover-gsr-dev.json"
PLOVER = Archive("events", "openeventdata/PLOVER", "5e0c24f", r"(?:^|/)PLOVER_GSR_CAMEO\.txt$")
# The half of the gold standard's sentences that may be looked at, by the numbers that they have there.
DEV = {
    "AGREE": "1 4-5 7-11 14-15 17 19-24 26 28-30 32 34-36 38-40", "CONSULT": "1-8 10-11", "SUPPORT": "1-4 6 10-12",
    "COOPERATE": "3", "AID": "3-4 6-8 10-11", "CONCEDE": "1-4 6 8-9", "RETREAT": "9-10 13-15 18 20",
    "INVESTIGATE": "1 3-7", "DEMAND": "1-5 7-8 10-15 18 20-22 24-25 27-28 30 32 34-35",
    "DISAPPROVE": "2-3 6 8-10 12-16", "REJECT": "1 3-7 9-11 13 15-16 19-23 25 28 30 32 34-35",
    "THREATEN": "1 4 9-12 15 17 19-22 24-29", "PROTEST": "1-3 5 7-10 12-13 15 22-24 26 28", "MOBILIZE": "3 7",
    "SANCTION": "1-6 8 10-12 14-15", "COERCE": "1-4 7 9-13 4 17-18", "ASSAULT": "1-5 7 11 13 15",
    "FIGHT": "3-7 9-11 13 15",
}  # fmt: skip
Open = Callable[[str], bytes]


def folder() -> Path:
    """Return where the open data is, or would be: named by the environment, beside the project, or fetched."""
    if named := os.environ.get("NEWSWIRE_SHARED_DATA"):
        return Path(named)
    beside = Path("../shared/data")
    return beside if beside.is_dir() else platformdirs.user_cache_path("newswire", appauthor=False) / "open-data"


def missing(parts: Iterable[str]) -> str | None:
    """Say which of some folders of the open data are not there, and how to get them."""
    lacking = [part for part in parts if not (folder() / part).is_dir()]
    if not lacking:
        return None
    names = " and ".join(f"{part}/" for part in lacking)
    return f"open data is missing: {folder()} has no {names}; `{COMMAND}` fetches it"


def main(arguments: list[str] | None = None, opened: Open | None = None) -> int:
    """Fetch what is not there yet; return 1 if something could not be had."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=folder(), metavar="FOLDER")
    target: Path = parser.parse_args(arguments).folder
    known: dict[str, str] = json.loads(DIGESTS.read_text("utf-8"))
    failed = 0
    for name, fetch in _parts(opened or download, known).items():
        if (target / name).exists():
            print(f"{name}: is there")
            continue
        try:
            files, found = fetch()
        except (OSError, ValueError, tarfile.TarError) as exc:
            print(f"{name}: could not be fetched ({exc})", file=sys.stderr)
            failed = 1
            continue
        for path, content in files.items():
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        edition = "" if found == known.get(name) else "; of another edition than README's figures are of"
        print(f"{name}: {len(files)} files{edition}", flush=True)
    print(f"in {target}")
    return failed


def download(address: str) -> bytes:
    """Return what stands at an address. Raises ``OSError``."""
    with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
        content: bytes = answer.read()
    return content


Fetch = Callable[[], tuple[dict[str, bytes], str]]


def _parts(opened: Open, known: Mapping[str, str]) -> dict[str, Fetch]:
    parts: dict[str, Fetch] = {}
    for archive in ARCHIVES:
        parts[f"feeds/{archive.folder}"] = lambda archive=archive: _feeds(archive, opened)  # type: ignore[misc]
    for bank in TREEBANKS:
        name = f"language/{bank.name}"
        parts[name] = lambda bank=bank, name=name: _texts(bank, opened, known.get(name), name)  # type: ignore[misc]
    parts[EVENTS] = lambda: _events(opened)
    return parts


def _feeds(archive: Archive, opened: Open) -> tuple[dict[str, bytes], str]:
    files = unpacked(opened(ARCHIVE.format(repository=archive.repository, reference=archive.commit)), archive.paths)
    return {f"feeds/{archive.folder}/{path}": content for path, content in files.items()}, digest(files)


def unpacked(archive: bytes, paths: str) -> dict[str, bytes]:
    """Return the files of a repository's archive whose paths match, without code. Raises ``ValueError`` for none."""
    wanted, files = re.compile(paths), dict[str, bytes]()
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            path = member.name.partition("/")[2]
            unsafe = path.startswith("/") or ".." in path.split("/") or member.size > MAX_FILE_BYTES
            if not member.isfile() or unsafe or path.endswith((".php", ".py")) or not wanted.search(path):
                continue
            if (file := tar.extractfile(member)) is not None:
                files[path] = file.read()
    if not files:
        raise ValueError(f"no file matches {paths}")
    return files


def _texts(bank: Treebank, opened: Open, wanted: str | None, name: str) -> tuple[dict[str, bytes], str]:
    """Fetch a treebank at the first reference whose text is the one wanted, or else at the first that is there."""
    best: tuple[bytes, str] | None = None
    problem: OSError | None = None
    for reference in bank.references:
        try:
            content = opened(FILE.format(repository=bank.repository, reference=reference, path=bank.path))
        except urllib.error.HTTPError as exc:
            problem = exc
            continue
        content = of_genres(content, bank.genres) if bank.genres else content
        found = hashlib.sha256(content).hexdigest()[:DIGEST_CHARS]
        if best is None or found == wanted:
            best = content, found
        if found == wanted:
            break
    if best is None:
        raise problem or ValueError("no reference is known")
    return {name: lzma.compress(best[0])}, best[1]


def of_genres(content: bytes, genres: Iterable[str]) -> bytes:
    """Return the documents of GUM that are of some genres, as they stand there."""
    begins = tuple(f"# newdoc id = GUM_{genre}_".encode() for genre in genres)
    documents = re.split(rb"(?m)^(?=# newdoc id = )", content)
    return b"".join(document for document in documents if document.startswith(begins))


def _events(opened: Open) -> tuple[dict[str, bytes], str]:
    address = ARCHIVE.format(repository=PLOVER.repository, reference=PLOVER.commit)
    (content, *_) = unpacked(opened(address), PLOVER.paths).values()
    every = records(content.decode("utf-8"))
    named = _dev_ids()
    wanted = [record for record in every if record["id"] in named]
    return {EVENTS: json.dumps(wanted, indent=1).encode()}, records_digest(wanted)


def records(text: str) -> list[dict[str, Any]]:
    """Read the gold standard's records: JSON objects one after the other, with commas also after the last field."""
    found: list[dict[str, Any]] = json.loads("[" + re.sub(r",(\s*[}\]])", r"\1", text.strip().rstrip(",")) + "]")
    return found


def _dev_ids() -> frozenset[str]:
    found = set()
    for event, numbers in DEV.items():
        for stretch in numbers.split():
            first, _, last = stretch.partition("-")
            found |= {f"PLOVER-GSR01-{event}-{number:04}" for number in range(int(first), int(last or first) + 1)}
    return frozenset(found)


def digest(files: Mapping[str, bytes]) -> str:
    """Return a digest of files and their paths."""
    lines = [f"{path} {hashlib.sha256(content).hexdigest()}\n" for path, content in sorted(files.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:DIGEST_CHARS]


def records_digest(found: Iterable[Mapping[str, Any]]) -> str:
    """Return a digest of what is read of gold records."""
    fields = ("id", "text", "event", "source", "target", "context")
    rows = sorted(json.dumps([record.get(field) or "" for field in fields], sort_keys=True) for record in found)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:DIGEST_CHARS]


if __name__ == "__main__":
    raise SystemExit(main())
