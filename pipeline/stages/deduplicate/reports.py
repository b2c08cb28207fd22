"""Tell whether two reports that share sentences state the same facts: one happening, or a template filled in anew.

A newsroom tells every quake, notice or market day in the same sentences. What tells such reports apart stands between
them: names, figures with what they count, dates. An update of one happening keeps nearly all of these; another
happening replaces them. A report is therefore kept as the smallest hashes of its pairs of words, by which shared
sentences are recognised, and beside them hashes of its names and figures: a few hundred bytes at most.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from zlib import crc32

import msgspec

from pipeline.model import Article
from pipeline.stages.deduplicate.sketch import Sketch
from pipeline.stages.deduplicate.weights import Vector

PAIRS_MAX = 24
NAMES_MAX = 20
OPENINGS_MAX = 12
FIGURES_MAX = 12
REPORTS_MAX = 8
READ_CHARS = 1500
# From this share of common word pairs on, reports of one source, or of two, are told in the same sentences.
OWN_TEMPLATE_SHARE_MIN = 0.15
SHARED_TEMPLATE_SHARE_MIN = 0.4
# What is linked to an article shares about half of its word pairs.
LINKED_SHARE_MIN = 0.35
# What is sent daily under one title tells of many things, each of them in passing.
SERIES_SIMILARITY_MIN = 0.35
# Whose sentences are those of another report shares words with more than it has to do with.
CONTRADICTED_SIMILARITY_MIN = 0.3
# Nearly the whole text is the same, and so it is the facts or their absence that count.
SAME_TEXT_SHARE_MIN = 0.8
# Which share of the facts may have been replaced, by weight, if both reports are of one happening.
OWN_REPLACED_SHARE_MAX, OWN_REPLACED_SLOPE, OWN_REPLACED_SHARE_MIN = 0.72, 0.4, 0.36
DAILY_TEMPLATE_SHARE_MIN, OTHER_DAY_LESS = 0.45, 0.1
SHARED_REPLACED_SHARE_MAX = 0.8
# So much must have been replaced, by weight, that it is no chance; less if nothing else was kept but the sentences.
OWN_REPLACED_MIN = 1.5
BARE_TEMPLATE_SHARE_MIN = 0.6
BARE_REPLACED_MIN = 1.0
SHARED_REPLACED_MIN = 3.0
# So many facts in common, and so few replaced, make two reports one happening.
AGREED_FACTS_MIN = 3
AGREED_REPLACED_SHARE_MAX = 0.25
AGREED_SHARED_LESS_MAX = 0.3
# A replaced name or date tells more than a replaced figure, and least does one that was corrected or that rose.
NAME_WEIGHT = 2.0
OTHER_NAME_WEIGHT = 1.0
# A name that was kept; a rare word, where a script has no capitals, is more often one of the template.
NAME_KEPT_WEIGHT = 1.0
STAND_IN_KEPT_WEIGHT = 0.25
DATE_WEIGHT = 2.0
FIGURE_WEIGHT = 1.0
OTHER_FIGURE_WEIGHT = 0.5
CHANGED_FIGURE_WEIGHT = 0.5
# A corrected measurement differs from the first by no more than this share.
CORRECTION_SHARE_MAX = 0.15
# Figures up to this are in every report; two are the same only if they count the same.
SMALL_FIGURE_MAX = 12
# So many figures, and hardly more of them the same on another day than by chance, are those of two days.
DAILY_FIGURES_MIN, DAILY_FIGURES_KEPT_MAX = 6, 1 / 3
_NO_PLACE = 0
_UNIT_CHARS = 10
NO_TITLE = 0
FIGURES_KEPT_MAX = 3
_LARGEST = 1 << 32

_FIGURE = re.compile(r"\d[\d.,:/]*")
_UNIT = re.compile(r"[\W_]{0,2}([^\W\d_]*)")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")


class Report(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Keep what one report states: numbers of 32 bits in ``pairs`` and ``values``, of 16 in the others.

    ``places`` are hashes of the words before ``names``, 0 if unknown, and ``units`` of those after ``values``;
    ``openings`` are words that begin a sentence and may be names.
    A value below 0 is the hash of a figure that is no single number, such as a time of day. ``title`` hashes the title
    and the source, ``day`` is the day of the month on which it came. A report is ``in_series`` if its source sends
    other facts under the same title again and again.
    """

    source: int
    title: int
    day: int
    pairs: bytes
    names: bytes
    places: bytes
    openings: bytes
    units: bytes
    values: bytes
    in_series: bool = False


class Comparison(msgspec.Struct, frozen=True, gc=False):
    """Compare two reports: the share of common pairs of words, and by weight the facts that were kept and replaced."""

    shared: float
    kept: float = 0.0
    replaced: float = 0.0

    @property
    def replaced_share(self) -> float:
        """Return which share of the facts was replaced; 0 if there are none."""
        total = self.kept + self.replaced
        return self.replaced / total if total else 0.0

    @property
    def agrees(self) -> bool:
        """Tell whether the facts are so much the same that sentences in common are no template."""
        return self.kept >= AGREED_FACTS_MIN and self.replaced_share <= AGREED_REPLACED_SHARE_MAX


def report(article: Article, moment: datetime, vector: Vector, made: Sketch) -> Report:
    """Make the report of an article, given its words and its sketch."""
    named = {name & 0xFFFF: name >> 32 & 0xFFFF for name in sorted(vector.names)}
    first = sorted(named)[:NAMES_MAX]
    units, values = _figures(f"{article.title or ''}\n{(article.text or '')[:READ_CHARS]}")
    source = source_hash(article)
    return Report(
        source=source,
        title=crc32(article.title.casefold().encode("utf-8", "surrogatepass"), source) if article.title else NO_TITLE,
        day=moment.day,
        pairs=made.minima[: 4 * PAIRS_MAX],
        names=array("H", first).tobytes(),
        places=array("H", [named[name] for name in first]).tobytes(),
        openings=array("H", sorted({name & 0xFFFF for name in vector.openings})[:OPENINGS_MAX]).tobytes(),
        units=units.tobytes(),
        values=values.tobytes(),
    )


def source_hash(article: Article) -> int:
    """Return a hash of who published an article, above 0."""
    return crc32(article.source.encode("utf-8", "surrogatepass")) or 1


def kept(reports: Sequence[Report], new: Report) -> tuple[Report, ...]:
    """Return the reports to remember of a story: bounded, and the newest of each source last to go."""
    told = [*reports, new]
    if len(told) > REPORTS_MAX:
        sources = [each.source for each in told]
        most = max(sources.count(source) for source in sources)
        del told[next(at for at, source in enumerate(sources) if sources.count(source) == most)]
    return tuple(told)


def contradicts(reports: Sequence[Report], new: Report, shared_min: float = OWN_TEMPLATE_SHARE_MIN) -> bool:
    """Tell whether a report states other facts in the sentences of one of these, of which the most alike decides.

    It does not if it shares as many sentences with another of them, and states the same facts in these. Only reports
    that share at least ``shared_min`` of the sentences are asked.
    """
    compared = [(compare(each, new), each) for each in reports]
    alike = [pair for pair in compared if pair[0].shared >= shared_min]
    if not alike:
        return False
    most, other = max(reversed(alike), key=lambda pair: (round(pair[0].shared, 6), pair[1].source == new.source))
    if any(each.agrees and each.shared >= most.shared - AGREED_SHARED_LESS_MAX for each, _ in alike):
        return False
    return _are_contrary(most, other, new)


def _are_contrary(most: Comparison, other: Report, new: Report) -> bool:
    if other.source != new.source:
        return (
            most.shared >= SHARED_TEMPLATE_SHARE_MIN
            and most.replaced >= SHARED_REPLACED_MIN
            and most.replaced_share > SHARED_REPLACED_SHARE_MAX
        )
    is_daily = other.day != new.day and most.shared >= DAILY_TEMPLATE_SHARE_MIN
    if is_daily and _are_other_figures(other, new):
        return True
    if not most.kept + most.replaced:  # the same words on another day, and nothing in them that would tell the day
        return most.shared >= SAME_TEXT_SHARE_MIN and other.day != new.day
    # The more of the sentences is the same, the less of the facts may differ; least on another day.
    replaced_share_max = max(OWN_REPLACED_SHARE_MAX - OWN_REPLACED_SLOPE * most.shared, OWN_REPLACED_SHARE_MIN)
    if is_daily:
        replaced_share_max -= OTHER_DAY_LESS
    is_bare = not most.kept and most.shared >= BARE_TEMPLATE_SHARE_MIN
    replaced_min = BARE_REPLACED_MIN if is_bare else OWN_REPLACED_MIN
    return most.replaced >= replaced_min and most.replaced_share > replaced_share_max


def _are_other_figures(other: Report, new: Report) -> bool:
    one, two = ({value for _, value in _read(each)} for each in (other, new))
    least = min(len(one), len(two))
    return least >= DAILY_FIGURES_MIN and len(one & two) <= DAILY_FIGURES_KEPT_MAX * least


def figures_kept(reports: Sequence[Report], new: Report) -> int:
    """Return how many telling figures of a report one of these has too; more than a few tell no more."""
    values = {value for value in memoryview(new.values).cast("f") if abs(value) > SMALL_FIGURE_MAX}
    told = {value for each in reports for value in memoryview(each.values).cast("f")}
    return min(len(values & told), FIGURES_KEPT_MAX)


def names_kept(earlier: Report, later: Report) -> float:
    """Return how many names two reports have in common."""
    return _compared_names(earlier, later)[0]


def compare(earlier: Report, later: Report) -> Comparison:
    """Compare two reports of one language."""
    shared = _shared(earlier.pairs, later.pairs)
    if shared < OWN_TEMPLATE_SHARE_MIN:
        return Comparison(shared)
    same_names, replaced_names = _compared_names(earlier, later)
    same_figures, replaced_figures = _compared_figures(earlier, later)
    return Comparison(shared, same_names + same_figures, replaced_names + replaced_figures)


def _compared_names(earlier: Report, later: Report) -> tuple[float, float]:
    """Return how many names were kept, and the weight of those that were replaced."""
    one, two = (
        dict(zip(memoryview(each.names).cast("H"), memoryview(each.places).cast("H"), strict=True))
        for each in (earlier, later)
    )
    # Of more names the smallest hashes are kept: so far down both are whole.
    bound = min(max(each) if len(each) == NAMES_MAX else _LARGEST for each in (one, two))
    one, two = ({name: place for name, place in each.items() if name <= bound} for each in (one, two))
    opening, later_opening = (frozenset(memoryview(each.openings).cast("H")) for each in (earlier, later))
    lost, come = one.keys() - two.keys() - later_opening, two.keys() - one.keys() - opening
    least = min(len(lost), len(come))
    slots = min(len({one[name] for name in lost} & {two[name] for name in come} - {_NO_PLACE}), least)
    kept_names = sum(
        NAME_KEPT_WEIGHT if place != _NO_PLACE else STAND_IN_KEPT_WEIGHT
        for name, place in one.items()
        if name not in lost
    )
    same = kept_names + len(opening & two.keys() - one.keys())
    return same, NAME_WEIGHT * slots + OTHER_NAME_WEIGHT * (least - slots)


def _shared(one: bytes, two: bytes) -> float:
    """Estimate the share of the smaller text's pairs of words that the larger one has."""
    first, second = (memoryview(each).cast("I").tolist() for each in (one, two))
    bound = min((each[-1] if len(each) == PAIRS_MAX else _LARGEST for each in (first, second) if each), default=0)
    within = bisect_right(first, bound), bisect_right(second, bound)
    # Of a short text all hashes may be larger than those that are kept of a long one.
    return len(set(first[: within[0]]).intersection(second[: within[1]])) / min(within) if min(within) else 0.0


def _compared_figures(earlier: Report, later: Report) -> tuple[float, float]:
    """Return how many figures were kept, and the weight of those that were replaced."""
    one, two = _read(earlier), _read(later)
    values = {value for _, value in one} & {value for _, value in two}
    same = {value for value in values if value < 0 or value > SMALL_FIGURE_MAX}
    small = one & two
    lost = {figure for figure in one if figure[1] not in same and figure not in small}
    come = {figure for figure in two if figure[1] not in same and figure not in small}
    weight, paired = 0.0, 0
    for unit in {unit for unit, _ in lost} & {unit for unit, _ in come}:
        before = max(value for other, value in lost if other == unit)
        after = max(value for other, value in come if other == unit)
        weight += _weight(before, after, earlier.day, later.day)
        paired += 1
    unpaired = max(min(len(lost), len(come)) - paired, 0)
    return len(same) + sum(figure[1] not in same for figure in small), weight + OTHER_FIGURE_WEIGHT * unpaired


def _weight(before: float, after: float, day: int, later_day: int) -> float:
    """Return how much the replacement of one figure by another of the same unit tells against one happening."""
    if before in (day, day - 1) and after in (later_day, later_day - 1):
        return DATE_WEIGHT
    if before < 0 or after < 0:
        return FIGURE_WEIGHT
    # What comes a day later corrects nothing: it is the figure of another day.
    corrected = day == later_day and abs(after - before) <= CORRECTION_SHARE_MAX * max(before, after)
    rose = after > before and before == int(before) and after == int(after)
    return CHANGED_FIGURE_WEIGHT if corrected or rose else FIGURE_WEIGHT


def _read(made: Report) -> set[tuple[int, float]]:
    return set(zip(memoryview(made.units).cast("H"), memoryview(made.values).cast("f"), strict=True))


def _figures(text: str) -> tuple[array[int], array[float]]:
    """Return the first different figures of a text: hashes of the words that follow, and the values."""
    units, values = array("H"), array("f")
    seen: set[tuple[int, float]] = set()
    for figure in _FIGURE.finditer(text):
        unit = _UNIT.match(text, figure.end())
        word = unit[1] if unit is not None else ""
        # Of scripts without spaces a clause would follow: its first character tells enough.
        word = word[:1] if word[:1] > "\u2e80" else word[:_UNIT_CHARS].lower()
        found = crc32(word.encode("utf-8", "surrogatepass")) & 0xFFFF, _value(figure[0].rstrip(".,:/"))
        if found not in seen:
            seen.add(found)
            units.append(found[0])
            values.append(found[1])
            if len(units) == FIGURES_MAX:
                break
    return units, values


def _value(figure: str) -> float:
    if _GROUPED.fullmatch(figure):
        figure = figure.replace(",", "").replace(".", "")
    try:
        return array("f", [float(figure.replace(",", "."))])[0]
    except (ValueError, OverflowError):
        return -float(1 + (crc32(figure.encode()) & 0x7FFFFF))


def not_contradicted(
    ordered: Sequence[int], told: Mapping[int, tuple[Report, ...]], new: Report
) -> tuple[list[int], float]:
    """Return the first two of some stories that do not state other facts, and how similar one must be."""
    found: list[int] = []
    least = SERIES_SIMILARITY_MIN if new.in_series else 0.0
    for n in ordered:
        if contradicts(told[n], new):
            least = max(least, CONTRADICTED_SIMILARITY_MIN)
        elif len(found) < 2:
            found.append(n)
    if found and told[found[0]] and all(each.in_series for each in told[found[0]]):
        least = SERIES_SIMILARITY_MIN
    return found, least
