"""The open data that benchmarks measure on is fetched by one command, whole, and what differs from ours is told."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import tarfile
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.bench import open_data

NEWS, BIO = b"# newdoc id = GUM_news_one\n1\tWar\n\n", b"# newdoc id = GUM_bio_three\n1\tHe\n\n"
OPEN_GUM = NEWS + BIO
GUM = NEWS + b"# newdoc id = GUM_fiction_two\n1\tOnce\n\n" + BIO
GOLD = """{
    "id": "PLOVER-GSR01-AGREE-0001",
    "source": [{"actorText": "Hungarian", "code": "HUN"}, ],
    "event": "AGREE",
    "text": "They said, \\"yes\\", and agreed.",
},
{
    "id": "PLOVER-GSR01-AGREE-0002",
    "event": "AGREE",
    "text": "Not to be looked at.",
},
"""
FILES = {
    "test/Reader/_files/feed.xml": b"<rss/>",
    "test/Reader/_files/run.php": b"<?php",
    "src/feed.xml": b"<rss/>",
    "test/data/feed.xml": b"<rss/>",
    "tests/data/feed.rss": b"<rss/>",
    "pages/1.markdown": b"{}",
    "testdata/parser/json/one.json": b"{}",
    "tests/resources/feed1.atom": b"<feed/>",
    "gold_standard/PLOVER_GSR_CAMEO.txt": GOLD.encode(),
}


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(f"repository-0123456/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def opened(address: str) -> bytes:
    """Stand in for the public hosts: the release r2.17 is not there, r2.16 is another edition than ours."""
    if "/tar.gz/" in address:
        return archive(FILES)
    if "/r2.17/" in address:
        raise HTTPError(address, 404, "Not Found", Message(), None)
    return GUM + (b"" if "/r2.15/" in address else b"# newdoc id = GUM_news_new\n1\tNew\n\n")


@pytest.fixture(autouse=True)
def digests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Know one treebank's text."""
    known = tmp_path / "digests.json"
    found = hashlib.sha256(OPEN_GUM).hexdigest()[: open_data.DIGEST_CHARS]
    known.write_text(json.dumps({"language/gum-open-dev.conllu.xz": found}))
    monkeypatch.setattr(open_data, "DIGESTS", known)


def test_everything_is_fetched_and_the_edition_is_the_one_that_was_measured_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status = open_data.main([str(tmp_path)], opened)
    told = capsys.readouterr().out.splitlines()

    assert status == 0
    assert (tmp_path / "feeds/laminas-feed/test/Reader/_files/feed.xml").read_bytes() == b"<rss/>"
    assert not list(tmp_path.rglob("*.php"))
    assert lzma.decompress((tmp_path / "language/gum-open-dev.conllu.xz").read_bytes()) == OPEN_GUM
    assert [each["text"] for each in json.loads((tmp_path / open_data.EVENTS).read_text())] == [
        'They said, "yes", and agreed.'
    ]
    assert "language/gum-open-dev.conllu.xz: 1 files" in told
    assert "language/ewt-dev.conllu.xz: 1 files; of another edition than README's figures are of" in told
    monkeypatch.setenv("NEWSWIRE_SHARED_DATA", str(tmp_path))
    assert open_data.missing(("feeds", "language", "events")) is None


def test_what_could_not_be_fetched_is_told_and_comes_with_the_next_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def half(address: str) -> bytes:
        if "newsboat" in address:
            raise OSError("the line is down")
        return opened(address)

    assert open_data.main([str(tmp_path)], half) == 1
    assert capsys.readouterr().err == "feeds/newsboat: could not be fetched (the line is down)\n"
    assert open_data.main([str(tmp_path)], opened) == 0
    assert "feeds/reader: is there" in capsys.readouterr().out
    assert (tmp_path / "feeds/newsboat/test/data/feed.xml").is_file()


def test_an_archive_writes_nowhere_else(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file matches"):
        open_data.unpacked(archive({"../../test/data/feed.xml": b"", "test/data/../../feed.xml": b""}), r"feed\.xml$")
