"""The words of what is indexed, as searches look them up: all of them, and those that share a stem in a language."""

from __future__ import annotations

from collections import Counter

import msgspec

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.groups import listed
from pipeline.adapters.sqlite.prepared import Made
from pipeline.adapters.sqlite.terms import Texts
from pipeline.language.tokens import learn_stems, stem, stems_of
from pipeline.model import Document
from pipeline.query.indexing import MAX_TOKEN, clip, index_language, is_compound_term

MAX_KNOWN_TOKENS = 500_000


class Words:
    """Collect the words of documents, and write those that are new in the transaction that is open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # What is stored, and what was found since the last write, by language of stems.
        self._known: dict[str, set[str]] = {}
        self._found: dict[str, set[str]] = {}
        self._documents: Counter[str] = Counter()
        self._counted: dict[str, int] | None = None

    def begin(self) -> None:
        """Forget what may not be stored: another process wrote, or the last write failed or was dropped."""
        self._found.clear()
        self._documents.clear()
        if languages(self._database) != self._counted:
            self._known.clear()
        self._counted = None

    def end(self) -> None:
        """Remember that all was written by this one."""
        self._counted = languages(self._database)

    def add(self, document: Document, texts: Texts) -> None:
        """Collect the words of a document's texts."""
        language = self._count(document)
        self._found.setdefault(language, set()).update(texts.title.tokens, texts.body.tokens)
        self._found.setdefault("", set()).update(texts.authors.tokens, texts.source.tokens)

    def add_made(self, ready: Made) -> None:
        """Collect the words of what was made of a document beforehand."""
        language = self._count(ready.document)
        new = {*ready.terms[0].split(), *ready.terms[1].split()}.difference(self._known.get(language, ()))
        self._found.setdefault(language, set()).update(term for term in new if not is_compound_term(term))
        self._found.setdefault("", set()).update(ready.names())
        learn_stems(language, ready.stems)

    def write(self) -> bool:
        """Write what is new, and its stems; return whether some word is too long for the engine."""
        connection = self._database.connection
        connection.executemany(
            "INSERT INTO languages (language, documents) VALUES (?, ?) "
            "ON CONFLICT (language) DO UPDATE SET documents = documents + excluded.documents",
            self._documents.items(),
        )
        are_long = False
        for language, tokens in self._found.items():
            are_long |= self._write(language, tokens)
        self._found.clear()
        self._documents.clear()
        return are_long

    def _count(self, document: Document) -> str:
        language = index_language(document.language)
        self._documents[language] += 1
        return language

    def _write(self, language: str, tokens: set[str]) -> bool:
        known = self._known.setdefault(language, set())
        new = tokens - known
        are_long = max(map(len, new), default=0) > MAX_TOKEN
        long = {token for token in new if len(token) > MAX_TOKEN} if are_long else set()
        connection = self._database.connection
        # In order: neighbours in the table are then written together.
        shown = sorted(new if not long else map(clip, new))
        connection.execute("INSERT OR IGNORE INTO vocabulary (token) SELECT value FROM json_each(?)", (listed(shown),))
        if language:
            roots = {clip(token): stem(token, language) for token in new} if long else stems_of(shown, language)
            others = {token: root for token, root in roots.items() if root != token}
            connection.execute(
                "INSERT OR IGNORE INTO stems (language, stem, token) SELECT ?, value, key FROM json_each(?)",
                (language, msgspec.json.encode(others).decode()),
            )
        if len(known) > MAX_KNOWN_TOKENS:
            known.clear()
        # Long ones stay unknown, so that they are noticed each time.
        known |= new - long
        return are_long


def languages(database: Database) -> dict[str, int]:
    """Return how many documents were written in each language of stems."""
    return dict(database.connection.execute("SELECT language, documents FROM languages").fetchall())
