"""How well and how fast meaning is extracted, against gold data and on one core.

Keys: ``gsr_type`` and ``gsr_codes`` (share of PLOVER gold-standard sentences whose first event has the right type, or
type and both parties' codes; a reading counts as given, without merging the parties of mutual events),
``gsr_context_f1`` (contexts, given the gold parties), ``open_…`` and ``locked_…`` (whole articles of the honest sets),
``…_cases_…`` (short cases of places, dates, quotations and other languages, dev and locked),
``sentences_per_s`` over whole articles through ``read``,
``rss_mb``, and what the parts beside it measure.
"""

from __future__ import annotations

import json
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.models.rank import codes
from pipeline.language.sentences import split_sentences
from pipeline.model import Document
from pipeline.stages.extract.stage import read
from tests.bench import open_data

DAY = datetime(2022, 2, 21, tzinfo=UTC)
ARTICLES = Path(__file__).parent.parent / "data" / "extract" / "articles" / "articles.json"


def shared_data() -> Path:
    """Return the folder of open data. Raises ``FileNotFoundError`` with how to get it."""
    if (lacking := open_data.missing(("language", "events"))) is not None:
        raise FileNotFoundError(lacking)
    return open_data.folder()


def articles() -> dict[str, float]:
    """Return precision, recall and F1 of (type, actor codes, recipient codes) on our annotated articles."""
    right = found = gold = 0
    for article in json.loads(ARTICLES.read_text("utf-8")):
        theirs = [(kind, frozenset(actors), frozenset(recipients)) for kind, actors, recipients in article["events"]]
        mine = [(e.type, codes(e.actors), codes(e.recipients)) for e in document_of(article["text"]).events]
        found, gold = found + len(mine), gold + len(theirs)
        for event in mine:
            if event in theirs:
                theirs.remove(event)
                right += 1
    return {
        "articles_precision": right / max(1, found),
        "articles_recall": right / gold,
        "articles_f1": 2 * right / (found + gold),
    }


def document_of(text: str) -> Document:
    """Read a text as published on the benchmark's day."""
    return read(Document(id="bench", source="bench", seen=DAY, published=DAY, text=text, language="en"))


def speed(gold: list[dict[str, Any]]) -> dict[str, float]:
    """Return sentences_per_s: event-dense sentences among three plain ones each, ten to an article."""
    plain = (
        "The weather stayed mild through most of the weekend.",
        "Shops along the main street opened an hour later than usual.",
        "Prices had risen slightly since the end of last month, a trader noted.",
    )
    document_of("The minister met the French president in Paris on Monday.")  # loads the model
    sentences: list[str] = []
    for number, item in enumerate(gold):
        sentences += [item["text"], *(line[:-1] + f" in district {number}." for line in plain)]
    texts = ["\n".join(sentences[start : start + 10]) for start in range(0, len(sentences), 10)]
    total = sum(len(split_sentences(text, "en")) for text in texts)
    started = time.process_time()
    for text in texts:
        document_of(text)
    return {"sentences_per_s": total / (time.process_time() - started)}


def run() -> dict[str, float]:
    """Return every figure of the module's docstring."""
    from tests.bench.extraction.cases import case_figures
    from tests.bench.extraction.dates import dates
    from tests.bench.extraction.gsr import contexts, gold_standard
    from tests.bench.extraction.honest import honest
    from tests.bench.extraction.names import names
    from tests.bench.extraction.quotations import quotations

    data = shared_data()
    gold = json.loads((data / "events" / "plover-gsr-dev.json").read_text("utf-8"))
    figures = speed(gold) | gold_standard(gold) | contexts(gold) | articles()
    figures |= honest("open") | honest("locked") | case_figures("dev") | case_figures("locked")
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures | names("test", data) | dates(data) | quotations() | {"rss_mb": rss}
