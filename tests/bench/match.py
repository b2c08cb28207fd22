"""Matching articles of 300 words against 100,000 mixed rules, beside Lucene Monitor given the same tokens.

Both sides answer which rules match, on one core each; times are of the processor, so that what else the machine does
counts little. The peer is fetched from Maven Central into the user's cache and
needs a JDK of 21 or later; without one its figures are left out.
"""

from __future__ import annotations

import gc
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import platformdirs

from pipeline.language.tokens import stem
from pipeline.model import AlertRule, Document
from pipeline.query.evaluate import MatchView, find
from pipeline.query.parser import parse
from pipeline.query.tree import (
    And,
    AnyNode,
    Field,
    Keyword,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from pipeline.stages.match.stage import Rules, match
from tests.bench.corpus import NOW, SOURCES, TAGS, Corpus

RULES = 100_000
ARTICLES = 1_000
PEER_ARTICLES = 300
CHECKED = 10
LUCENE = "10.3.0"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>newswire</groupId><artifactId>bench</artifactId><version>1</version>
<dependencies>{}</dependencies></project>
"""
_DEPENDENCY = """<dependency>
<groupId>org.apache.lucene</groupId><artifactId>{}</artifactId><version>{}</version>
</dependency>
"""
_ARTIFACTS = ("lucene-monitor", "lucene-queries", "lucene-analysis-common")


def run() -> dict[str, float]:
    """Return documents/s beside Lucene Monitor, cost of a rule, agreement, and the cost of ten times the rules."""
    corpus = Corpus()
    queries = [rule_text(corpus) for _ in range(RULES)]
    articles = [corpus.article(n) for n in range(ARTICLES)]
    tracemalloc.start()
    rules = load(queries)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    figures = {"bytes_per_rule": held / RULES}
    rules = Rules()
    began = time.process_time()
    load(queries, rules)
    figures["add_rule_us"] = (time.process_time() - began) / RULES * 1e6
    found, seconds = timed(rules, articles)
    figures["docs_per_s"] = len(articles) / seconds
    figures["matches_per_doc"] = sum(map(len, found)) / len(found)
    began = time.process_time()
    for article in fresh(articles):
        match(article, rules, NOW)
    figures["docs_per_s_with_marks"] = len(articles) / (time.process_time() - began)
    figures["agreement"] = agreement(queries, articles[:CHECKED], found)
    peer = lucene(queries, articles[:PEER_ARTICLES])
    if peer is not None:
        peer_found, peer_seconds = peer
        figures["lucene_docs_per_s"] = len(peer_found) / peer_seconds
        figures["ratio_vs_lucene_monitor"] = figures["docs_per_s"] / figures["lucene_docs_per_s"]
        same = sum(set(ours) == theirs for ours, theirs in zip(found, peer_found, strict=False))
        figures["same_matches_as_lucene"] = same / len(peer_found)
    tenth = load(queries[: RULES // 10])
    _, tenth_seconds = timed(tenth, articles)
    gc.collect()
    before = _resident()
    many = load(queries)
    load((rule_text(corpus) for _ in range(RULES * 9)), many, RULES)
    gc.collect()
    figures["mb_held_by_10x_rules"] = (_resident() - before) / (1 << 20)
    # One after the other: what else the machine does slows both.
    _, ten_times = timed(many, articles)
    seconds = min(seconds, timed(rules, articles)[1])
    ten_times = min(ten_times, timed(many, articles)[1])
    figures["time_ratio_10x_rules"] = ten_times / seconds
    figures["time_ratio_10x_fewer_rules"] = seconds / tenth_seconds
    figures["docs_per_s_10x_rules"] = len(articles) / ten_times
    figures["rss_mb_10x_rules"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def rule_text(corpus: Corpus) -> str:
    """Make one rule: words, Boolean, phrases, proximity, prefixes and fields, as they might be mixed."""
    draw = corpus.random
    a, b, c, d = corpus.topical(4)
    name = corpus.name()
    kinds: Sequence[tuple[int, Callable[[], str]]] = (
        (4, lambda: a),
        (18, lambda: f"{a} {b}"),
        (8, lambda: f"{a} {b} {c}"),
        (8, lambda: f"({a} OR {b}) {c} -{d}"),
        (8, lambda: f"{a} ({b} OR {c} OR {d})"),
        (4, lambda: f"{a} {b} -({c} OR {d})"),
        (12, lambda: f'"{" ".join(name)}"'),
        (8, lambda: f'"{" ".join(name)}" ({a} OR {b})'),
        (5, lambda: f'"{a} {b}"'),
        (6, lambda: f'"{name[0]} {name[-1]}"~{draw.randint(2, 8)}'),
        (4, lambda: f'"{a} {b}"~{draw.randint(2, 10)} -{c}'),
        (1, lambda: f"{a[:5]}*" if len(a) > 6 else f"{a}{b[:3]}*"),
        (4, lambda: f"{a[:4]}* {b}"),
        (5, lambda: f"title:{a} {b}"),
        (3, lambda: f'title:"{" ".join(name)}"'),
        (3, lambda: f"lang:{draw.choice(('en', 'de'))} {a} {b}"),
        (3, lambda: f"source:{draw.choice(SOURCES)} {a}"),
        (3, lambda: f"tag:{draw.choice(TAGS)} ({a} OR {b})"),
    )
    (_, make) = draw.choices(kinds, weights=[weight for weight, _ in kinds])[0]
    return make()


def load(queries: Iterable[str], rules: Rules | None = None, first: int = 0) -> Rules:
    """Learn one rule per query, its id the query's number."""
    rules = Rules() if rules is None else rules
    for number, query in enumerate(queries, first):
        rule = AlertRule(id=f"{number:09}", name=f"rule {number}", query=query, created=NOW)
        rules.learn(rule.id, msgspec.json.encode(rule))
    return rules


def fresh(articles: Sequence[Document]) -> list[Document]:
    """Copy articles, so that no cache knows their texts."""
    return msgspec.json.decode(msgspec.json.encode(articles), type=list[Document])


def timed(rules: Rules, articles: Sequence[Document]) -> tuple[list[list[int]], float]:
    """Match each article, analysis included; return the matching rules' numbers and the best of three times."""
    best = float("inf")
    found: list[list[int]] = []
    for _ in range(3):
        texts = fresh(articles)
        began = time.process_time()
        matched = [rules.matching(MatchView(article), NOW) for article in texts]
        best = min(best, time.process_time() - began)
        found = [[int(rule.id) for rule in some] for some in matched]
    return found, best


def agreement(queries: Sequence[str], articles: Sequence[Document], found: Sequence[Sequence[int]]) -> float:
    """Return the share of (rule, article) matches on which the matcher and reading every rule agree."""
    roots = [parse(query).root for query in queries]
    same = every = 0
    for article, ours in zip(articles, found, strict=False):
        reading = MatchView(article)
        theirs = {number for number, root in enumerate(roots) if find(root, reading, NOW) is not None}
        same += len(theirs & set(ours))
        every += len(theirs | set(ours))
    return same / every if every else 1.0


def lucene(queries: Sequence[str], articles: Sequence[Document]) -> tuple[list[set[int]], float] | None:
    """Have Lucene Monitor match the same; return its matches and seconds, or ``None`` where it cannot run."""
    java = _java()
    if java is None or shutil.which("mvn") is None:
        print("no JDK 21+ or no Maven here: Lucene Monitor is left out", file=sys.stderr)
        return None
    jars = _jars()
    with tempfile.TemporaryDirectory() as folder:
        rules_file, articles_file = Path(folder, "rules"), Path(folder, "articles")
        rules_file.write_text("\n".join(" ".join(_prefix(parse(query).root)) for query in queries))
        articles_file.write_text("\n".join(map(_fields, articles)))
        source = Path(__file__).parent / "lucene" / "Monitor.java"
        command = [java, "-Xmx4g", "-XX:ActiveProcessorCount=1", "-cp", f"{jars}/*"]
        command += map(str, (source, rules_file, articles_file))
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    seconds = float(answer[0].split()[1])
    return [set(map(int, line.split())) for line in answer[1 : len(articles) + 1]], seconds


def _resident() -> int:
    """Return the bytes of memory in use now. Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _java() -> str | None:
    for java in [shutil.which("java"), *map(str, sorted(Path("/usr/lib/jvm").glob("*/bin/java"), reverse=True))]:
        if java is None:
            continue
        version = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
        found = re.search(r'version "(\d+)', version)
        if found and int(found.group(1)) >= 21:
            return java
    return None


def _jars() -> Path:
    folder = Path(platformdirs.user_cache_dir("newswire"), "bench", f"lucene-{LUCENE}")
    if not any(folder.glob("lucene-queries*.jar")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pom.xml").write_text(_POM.format("".join(_DEPENDENCY.format(name, LUCENE) for name in _ARTIFACTS)))
        command = [
            "mvn",
            "-q",
            "-f",
            f"{folder}/pom.xml",
            "dependency:copy-dependencies",
            f"-DoutputDirectory={folder}",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def _prefix(node: AnyNode) -> list[str]:
    match node:
        case And(nodes=nodes) | Or(nodes=nodes):
            kind = "and" if isinstance(node, And) else "or"
            return [kind, str(len(nodes)), *(word for inner in nodes for word in _prefix(inner))]
        case Not(node=inner):
            return ["not", *_prefix(inner)]
        case Field(name="source", node=Phrase(tokens=(token,))):
            return ["is", "source", token]
        case Field(name=name, node=inner):
            return ["in", name, *_prefix(inner)]
        case Keyword(name=name, value=value):
            return ["is", name, value]
        case Word(text=text):
            return ["word", stem(text, "en")]
        case Prefix(text=text):
            return ["prefix", text]
        case Phrase(tokens=tokens):
            return ["phrase", str(len(tokens)), *tokens]
        case Near(tokens=tokens, distance=distance):
            return ["near", str(distance), str(len(tokens)), *tokens]
    raise ValueError(node)


def _fields(article: Document) -> str:
    reading = MatchView(article)
    title, body = reading.part("title"), reading.part("body")
    parts = (
        title.tokens,
        title.stems,
        body.tokens,
        body.stems,
        [article.language or ""],
        [article.source],
        article.tags,
    )
    return "\t".join(" ".join(part) for part in parts)
