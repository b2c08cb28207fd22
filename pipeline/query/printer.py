"""A syntax tree as text: in the query language (``show``) and in plain words (``restate``)."""

from __future__ import annotations

import re
import unicodedata

from pipeline.query import tree
from pipeline.query.days import restated, written

_UNITS = ((604_800, "w", "week"), (86_400, "d", "day"), (3600, "h", "hour"), (60, "m", "minute"))

_COUNTED = {
    "revision": "number of revisions",
    "origins": "number of independent publishers of the same story so far",
    "copies": "number of copies",
}


def show(query: tree.Query) -> str:
    """Write a query in its canonical form; parsing that gives the same tree, columns aside."""
    return _show(query.root)


def restate(query: tree.Query) -> str:
    """Say in plain words what a query finds."""
    return "articles " + _restate(query.root)


def _show(node: tree.AnyNode) -> str:
    match node:
        case tree.And(nodes=nodes):
            return " ".join(_after(before, inner) for before, inner in zip((None, *nodes), nodes, strict=False))
        case tree.Or(nodes=nodes):
            return " OR ".join(_inner(inner) for inner in nodes)
        case tree.Not(node=inner):
            return f"-{_inner(inner)}"
        case tree.Field(name=name, node=inner):
            return f"{name}:{_inner(inner)}"
        case tree.SameSentence(nodes=nodes):
            return f"SENTENCE({' '.join(_show(inner) for inner in nodes)})"
        case tree.AtLeast(word=word, count=count):
            return f"ATLEAST{count}({_show(word)})"
        case tree.EventFilter(conditions=conditions):
            return " ".join(f"{name}:{_value(value)}" for name, value in conditions)
        case tree.Word(text=text):
            # A word that reads as an operator or a field would be read so again.
            return text
        case tree.Phrase(tokens=tokens):
            return f'"{" ".join(tokens)}"'
        case tree.Hyphenated(tokens=tokens):
            return "-".join(tokens)
        case tree.Near(tokens=tokens, distance=distance):
            return f'"{" ".join(tokens)}"~{distance}'
        case tree.Prefix(text=text):
            return f"{text}*"
        case tree.Wildcard(pattern=pattern):
            return pattern
        case tree.Ending(text=text):
            return f"*{text}"
        case tree.Containing(text=text) | tree.ByGrouping(text=text):
            return text
        case tree.Exact(text=text):
            return f"={text}" if _stands_alone(text) else f'="{text}"'
        case tree.Regex(pattern=pattern, symbol=symbol):
            if symbol is None:
                return f"/{pattern}/"
            return symbol if all(unicodedata.category(each) == "So" for each in symbol) else f'"{symbol}"'
        case tree.Listed(name=name):
            return f"list:{_value(name)}"
        case tree.Fuzzy(text=text, distance=distance):
            return f"{text}~{distance}"
        case tree.Keyword(name=name, value=value, prefix=prefix):
            return f"{name}:{_value(value + ('*' if prefix else ''))}"
        case tree.Range(name=name, low=low, high=high):
            return f"{name}:{written(low)}..{written(high)}"
        case tree.Last(seconds=seconds):
            size, unit, _ = _unit(seconds)
            return f"last:{seconds // size}{unit}"


def _stands_alone(text: str) -> bool:
    """Tell whether a text is read as it is without quotation marks: a plain word, or one that has such marks in it."""
    is_plain = re.fullmatch(r"\w[\w.&+#]*", text) is not None and text not in ("AND", "OR", "NOT")
    return is_plain or any(mark in text for mark in '"“”„«»')


def _after(before: tree.AnyNode | None, node: tree.AnyNode) -> str:
    """Put a condition in brackets where it would bind to the one before it."""
    binds = (
        isinstance(before, tree.EventFilter)
        and isinstance(node, tree.EventFilter)
        and before.quotation == node.quotation
    )
    return f"({_show(node)})" if binds else _inner(node)


def _inner(node: tree.AnyNode) -> str:
    several = isinstance(node, tree.And | tree.Or) or (isinstance(node, tree.EventFilter) and len(node.conditions) > 1)
    return f"({_show(node)})" if several else _show(node)


def _value(text: str) -> str:
    return f'"{text}"' if any(c.isspace() or c in "()" for c in text) else text


def _unit(seconds: int) -> tuple[int, str, str]:
    return next(unit for unit in _UNITS if seconds % unit[0] == 0 or unit[0] == 60)


def _restate(node: tree.AnyNode) -> str:
    match node:
        case tree.And(nodes=nodes):
            return " and ".join(_restate_inner(inner) for inner in nodes)
        case tree.Or(nodes=nodes):
            return "either " + " or ".join(_restate_inner(inner) for inner in nodes)
        case tree.Not(node=inner):
            return f"not {_restate_inner(inner)}"
        case tree.Field(name=name, node=inner):
            return f"whose {name} is one {_restate_inner(inner)}"
        case tree.SameSentence(nodes=nodes):
            return "with one sentence " + " and ".join(_restate(inner) for inner in nodes)
        case tree.AtLeast(word=word, count=count):
            return f"at least {count} times {_restate(word)}"
        case tree.EventFilter(conditions=conditions):
            what = "a quotation" if conditions[0][0] in ("said", "quote") else "an event"
            return f"with {what} where " + " and ".join(f"{name} is {value}" for name, value in conditions)
        case tree.Word(text=text):
            return f"with any form of “{text}”"
        case tree.Phrase(tokens=tokens):
            return f"with exactly “{' '.join(tokens)}”"
        case tree.Hyphenated(tokens=tokens):
            return f"with “{' '.join(tokens)}” or any form of “{'-'.join(tokens)}”"
        case tree.Near(tokens=tokens, distance=distance):
            return f"with “{'”, “'.join(tokens)}” within {distance} words"
        case tree.Prefix(text=text):
            return f"with a word that begins with “{text}”"
        case tree.Wildcard(pattern=pattern):
            return f"with a word like “{pattern}”"
        case tree.Ending(text=text):
            return f"with a word that ends with “{text}”"
        case tree.Containing(text=text):
            return f"with the character “{text}”"
        case tree.Exact(text=text):
            return f"with “{text}” in exactly these letters"
        case tree.Regex(symbol=str(symbol)):
            return f"with the symbol {symbol}"
        case tree.Regex(pattern=pattern):
            return f"whose title or text matches the regular expression {pattern}"
        case tree.ByGrouping(text=text, comma=comma, point=point):
            return f"{_restate(point)} in languages that group digits by a point, {_restate(comma)} in others"
        case tree.Listed(name=name, names=names):
            count = sum(map(len, names.values()))
            return f"with one of the {count:,} name{'s' if count != 1 else ''} of the list “{name}”"
        case tree.Fuzzy(text=text, distance=distance):
            return f"with a word within {distance} letter{'s' if distance > 1 else ''} of “{text}”"
        case tree.Keyword(name="is", value="read" | "unread" | "starred" as value):
            return "that you have " + {"read": "read", "unread": "not read", "starred": "starred"}[value]
        case tree.Keyword(name="mark", value=value):
            return f"that you marked “{value}”"
        case tree.Keyword(name="is", value=value):
            return f"that are a {value}"
        case tree.Keyword(name="site", value=value):
            return f"of the site {value}"
        case tree.Keyword(name=name, value=value, prefix=prefix):
            return f"whose {name} {'begins with' if prefix else 'is'} “{value}”"
        case tree.Range(name=name, low=low, high=high):
            return f"whose {_COUNTED.get(name, f'date {name}')} is " + " and ".join(
                f"{word} {restated(value)}"
                for word, value in (("at least", low), ("at most", high))
                if value is not None
            )
        case tree.Last(seconds=seconds):
            size, _, unit = _unit(seconds)
            count = seconds // size
            return f"published within the last {f'{count} {unit}s' if count != 1 else unit}"


def _restate_inner(node: tree.AnyNode) -> str:
    return f"({_restate(node)})" if isinstance(node, tree.And | tree.Or) else _restate(node)
