"""How matches of articles and rules read on a terminal and as JSON."""

from __future__ import annotations

import msgspec

from pipeline.services.match_articles import Matched


def match_json(matched: Matched) -> bytes:
    """Write a match with the words that made it, and the line it stands on."""
    spans = [msgspec.to_builtins(span) for span in matched.alert.spans]
    answer = {"rule": matched.alert.rule, "article": matched.article, "spans": spans, "line": matched.line}
    return msgspec.json.encode(answer)


def match_line(matched: Matched) -> str:
    """Write a match as rule, article and words, with tabs between."""
    words = ", ".join(dict.fromkeys(span.text for span in matched.alert.spans))
    return f"{matched.alert.rule}\t{matched.article}\t{words}"
