"""A language is added by installing one folder: its cue words and lexicon are read, and its events are found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ARTICLE = {
    "id": "1",
    "source": "Diario",
    "title": "España y Francia se reúnen en Madrid",
    "text": "El presidente de Francia se reunió con el presidente de España el 24/02/2022.\n\n"
    "«No habrá acuerdo sin garantías», afirmó Sánchez ante la prensa.",
    "published": "2022-02-24T12:00:00Z",
    "language": "es",
}
CODE = """
import re
from importlib.resources import files

from pipeline.model import Actor, Event, Quotation, Span, Speaker, derive_id
from pipeline.stages.extract.events.lexicon import Lexicon
from pipeline.stages.extract.packs import Plain

HERE = files(__name__)
LEXICON = Lexicon(HERE.joinpath("lexicon.txt").read_text("utf-8").splitlines())
CUES = "|".join(HERE.joinpath("cues.txt").read_text("utf-8").split())
SAID = re.compile(rf"«([^«»]+)»,? ({CUES}) ([A-ZÁÉÍÓÚÑ]\\w+)")


class Spanish(Plain):
    def quotations(self, text):
        return tuple(
            Quotation(text=m[1], start=m.start(1), end=m.end(1), kind="direct",
                      speaker=Speaker(text=m[3], start=m.start(3), end=m.end(3), name=m[3]))
            for m in SAID.finditer(text)
        )

    def events(self, reading):
        for sentence in re.finditer(r"[^.\\n]+\\.", reading.text):
            whole = Span(text=sentence[0], start=sentence.start(), end=sentence.end())
            parties = [Actor(text=m.entry.name, start=m.start, end=m.end, name=m.entry.name, code=m.entry.code)
                       for m in reading.mentions if whole.start <= m.start < whole.end]
            for word in re.finditer(r"\\w+", sentence[0]):
                for sense in LEXICON.verbs.get(word[0].lower(), ()):
                    at = whole.start + word.start()
                    yield Event(id=derive_id(whole.text), type=sense.type, cameo=sense.cameo, actors=tuple(parties),
                                trigger=Span(text=word[0], start=at, end=at + len(word[0])), sentence=whole)
                    yield Event(id="unproved", type=sense.type, sentence=whole,
                                trigger=Span(text="no está", start=0, end=7))


PACK = Spanish("es")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    folder, installed = tmp_path / "site" / "newswire_es", tmp_path / "site" / "newswire_es-1.0.dist-info"
    folder.mkdir(parents=True)
    installed.mkdir()
    (folder / "__init__.py").write_text(CODE, "utf-8")
    (folder / "lexicon.txt").write_text("CONSULT 042: reunió entrevistó\n", "utf-8")
    (folder / "cues.txt").write_text("dijo afirmó señaló", "utf-8")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: newswire-es\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[newswire.languages]\nes = newswire_es:PACK\n")
    (tmp_path / "article.jsonl").write_text(json.dumps(ARTICLE), "utf-8")
    paths = [str(tmp_path / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "NEWSWIRE_DATA": str(tmp_path / "data")}


def newswire(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_installed_pack_reads_its_language(environment: dict[str, str], tmp_path: Path) -> None:
    newswire(environment, "up", str(tmp_path / "article.jsonl"), "--once")
    shown = json.loads(newswire(environment, "show", "1", "--json"))
    (event,) = shown["events"]  # the one without evidence is dropped
    assert (event["type"], event["trigger"]["text"], [actor["code"] for actor in event["actors"]]) == (
        "CONSULT",
        "reunió",
        ["FRA", "ESP"],
    )
    assert [date["value"] for date in shown["dates"]] == ["2022-02-24"]
    assert [(q["text"], q["speaker"]["name"]) for q in shown["quotations"]] == [
        ("No habrá acuerdo sin garantías", "Sánchez")
    ]
    assert "reunió" in newswire(environment, "search", "event:CONSULT actor:FRA said:sánchez")


def test_without_it_the_text_passes_with_what_needs_no_language(environment: dict[str, str], tmp_path: Path) -> None:
    plain = environment | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    newswire(plain, "up", str(tmp_path / "article.jsonl"), "--once")
    shown = json.loads(newswire(plain, "show", "1", "--json"))
    assert [date["value"] for date in shown["dates"]] == ["2022-02-24"]
    assert [q["text"] for q in shown["quotations"]] == ["No habrá acuerdo sin garantías"]
    assert "events" not in shown or shown["events"] == []
