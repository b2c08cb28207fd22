"""Full text: how well the article is found in real pages, and how well it is told whether a page is better.

The pages are those that newspaper4k (MIT) tests itself on, 23 with the text they should give, in 10 languages; they are
fetched with pip and not part of this project. Each page's beginning serves as the teaser of a feed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import mean

import msgspec
import trafilatura

from connectors.pages.fulltext import Page, better, extract_page, plain
from connectors.pages.site_rules import NO_RULE
from pipeline.language.scripts import WITHOUT_SPACES

PACKAGE = "newspaper4k==0.9.6"
TEASER_CHARS = 220
_SPACELESS = re.compile(f"[{WITHOUT_SPACES}]")


class _Sample(msgspec.Struct, frozen=True):
    title: str
    gold: str
    body: bytes


def run() -> dict[str, float]:
    """Return precision, recall and F1 of words found, beside trafilatura's defaults, and how decisions came out.

    ``teasers_replaced`` is the share of teasers whose page is taken, ``whole_kept`` that of whole texts which are kept,
    ``strangers_refused`` that of teasers kept when shown the page of another article.
    """
    samples = _samples()
    started = time.perf_counter()
    pages = [extract_page(sample.body, None, "https://news.example/a", NO_RULE) for sample in samples]
    seconds = time.perf_counter() - started
    ours = [_score(plain(page.html), sample.gold) for page, sample in zip(pages, samples, strict=True)]
    theirs = [_score(trafilatura.extract(sample.body) or "", sample.gold) for sample in samples]
    return {
        "pages": len(samples),
        "precision": mean(precision for precision, _, _ in ours),
        "recall": mean(recall for _, recall, _ in ours),
        "f1": mean(f1 for _, _, f1 in ours),
        "trafilatura_f1": mean(f1 for _, _, f1 in theirs),
        "ms_per_page": 1_000 * seconds / len(samples),
        **_decisions(samples, pages),
    }


def _decisions(samples: list[_Sample], pages: list[Page]) -> dict[str, float]:
    taken, kept, refused = [], [], []
    for sample, page in zip(samples, pages, strict=True):
        taken.append(better(sample.gold[:TEASER_CHARS], page.text, sample.title).better)
        kept.append(not better(sample.gold, page.text, sample.title).better)
        for other, stranger in zip(samples, pages, strict=True):
            if other.title != sample.title or not sample.title:
                same = other.gold[:100] == sample.gold[:100]
                refused += [] if same else [not better(sample.gold[:TEASER_CHARS], stranger.text, sample.title).better]
    return {"teasers_replaced": mean(taken), "whole_kept": mean(kept), "strangers_refused": mean(refused)}


def _samples() -> list[_Sample]:
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", directory]
        subprocess.run([*command, PACKAGE], check=True)
        with tarfile.open(next(Path(directory).glob("*.tar.gz"))) as archive:
            archive.extractall(directory, filter="data")
        data = next(Path(directory).glob("*/tests/data"))
        samples = []
        for page in sorted((data / "html").glob("*.html")):
            gold = next(data.glob(f"*/{page.stem}.txt"), None)
            if gold is not None:
                metadata = data / "metadata" / f"{page.stem}.json"
                title = json.loads(metadata.read_text()).get("title") if metadata.exists() else None
                samples.append(_Sample(title or "", gold.read_text(encoding="utf-8"), page.read_bytes()))
        return samples


def _score(found: str, gold: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 over words, or over letters where there are no spaces."""
    have, want = Counter(_units(found)), Counter(_units(gold))
    common = (have & want).total()
    precision, recall = common / max(1, have.total()), common / max(1, want.total())
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def _units(text: str) -> list[str]:
    if _SPACELESS.search(text):
        return [letter for letter in text if not letter.isspace()]
    return re.findall(r"\w+", text.lower())
