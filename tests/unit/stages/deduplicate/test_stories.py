"""Stories: what belongs together, what does not, and that facts alone decide it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Article, derive_id
from pipeline.stages.decision import Fact
from pipeline.stages.deduplicate.stories import Stories
from pipeline.stages.deduplicate.story_facts import StoryDecision, story_fields
from pipeline.stages.deduplicate.times import CLOSES_AFTER, closes

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
QUAKE = (
    "A strong earthquake shook the mountains of Karhuna near Varlo before dawn, destroying houses.",
    "Rescuers in Varlo dug for survivors after the Karhuna earthquake brought down houses in the mountains.",
    "President Demir Oss of Karhuna flew to Varlo, where the earthquake destroyed hundreds of houses.",
)
FERRY = (
    "The ferry Santa Ruta ran aground in fog near the lighthouse of Lusk with 140 people aboard.",
    "All passengers of the Santa Ruta were rescued after the ferry hit rocks off Lusk in fog.",
)


def article(
    text: str, key: str | None = None, hours: float = 0.0, title: str | None = None, source: str = "s"
) -> Article:
    moment = NOW + timedelta(hours=hours)
    return Article(
        id=derive_id(key or text), source=source, seen=moment, published=moment, title=title, text=text, language="en",
        revision=1,
    )  # fmt: skip


def keep(stories: Stories, facts: tuple[Fact, ...]) -> None:
    for fact in facts:
        stories.learn(fact.key, fact.value)


def take(stories: Stories, *articles: Article) -> list[StoryDecision]:
    joined = []
    for each in articles:
        joined.append(stories.join(each, None))
        keep(stories, joined[-1].facts)
    return joined


def ids(joined: list[StoryDecision]) -> list[str]:
    return [story_fields(each.story)["story_id"] for each in joined]


def test_reports_of_one_happening_are_one_story() -> None:
    one, other, third = ids(take(Stories("en"), *map(article, QUAKE)))
    assert one == other == third


def test_reports_of_different_happenings_are_different_stories() -> None:
    first, second = ids(take(Stories("en"), article(QUAKE[0]), article(FERRY[0])))
    assert first != second


def test_reports_that_share_only_what_such_reports_are_made_of_are_different_stories() -> None:
    weather = (
        "Monday begins cloudy with showers. Highs between 8 and 11 degrees. Strong wind on the coast. Tuesday dry.",
        "Wednesday begins cloudy with showers. Highs between 9 and 12 degrees. Light wind on the coast. Thursday dry.",
    )
    first, second = ids(take(Stories("en"), *map(article, weather)))
    assert first != second


FIRES = {
    "de": (
        "Bei einem Brand in einem Wohnhaus in Altenhagen ist ein Mensch gestorben, teilte die Feuerwehr mit.",
        "Bei einem Brand in einem Wohnhaus in Bad Sollen ist ein Mensch verletzt worden, teilte die Feuerwehr mit.",
    ),
    "ru": (
        "В Краснолесье в понедельник утром произошел пожар в жилом доме. По данным МЧС, погибли два человека.",
        "В Заозерске в понедельник вечером произошел пожар в жилом доме. По данным МЧС, пострадали три человека.",
    ),
    "es": (
        "Un incendio en una vivienda de Valdehoz deja dos muertos, informaron los bomberos este lunes.",
        "Un incendio en una vivienda de Peñarrubia deja tres heridos, informaron los bomberos este lunes.",
    ),
}


@pytest.mark.parametrize("language", FIRES)
def test_words_of_every_fire_do_not_make_one_story_of_two_fires(language: str) -> None:
    articles = [msgspec.structs.replace(article(text), language=language) for text in FIRES[language]]
    first, second = ids(take(Stories(language), *articles))
    assert first != second


def test_story_quiet_for_long_is_closed_and_not_reopened() -> None:
    stories = Stories("en")
    later = CLOSES_AFTER.total_seconds() / 3600 + 2
    first, second = ids(take(stories, article(QUAKE[0]), article(QUAKE[0], "again", later)))
    assert (first != second, len(stories)) == (True, 1)


def test_closing_is_told_by_the_time_of_the_last_report() -> None:
    assert (closes(NOW, NOW + CLOSES_AFTER), closes(NOW, NOW + CLOSES_AFTER * 2)) == (None, NOW + CLOSES_AFTER)


def test_copy_belongs_to_the_story_of_its_original_and_keeps_it_open() -> None:
    stories = Stories("en")
    (original,) = take(stories, article(QUAKE[0]))
    copy = stories.join(article(QUAKE[0], "copy", 60), original.story)
    keep(stories, copy.facts)
    (late,) = take(stories, article(QUAKE[1], hours=100, source="t"))
    assert [1, 1, 2] == [story_fields(joined.story)["origins"] for joined in (original, copy, late)]
    assert 1 == len(set(ids([original, copy, late])))


def bridged() -> tuple[Stories, list[StoryDecision]]:
    """Return stories of which the third article showed the first two to be one."""
    stories = Stories("en")
    texts = (
        "Blast at Ordan refinery: Ordan refinery flames seen from Kelso bridge, Ordan refinery blast witnesses say.",
        "Workers flee Petrovia plant: Petrovia smoke over Dunmore, alarm in Wexley, clinic treats Ansgar Volmer.",
    )
    joined = take(stories, *(article(text, source=f"{n}") for n, text in enumerate(texts)))
    return stories, joined + take(stories, article(" ".join(texts), source="bridge"))


def test_report_like_two_unlike_stories_merges_nothing() -> None:
    stories, joined = bridged()
    assert (story_fields(joined[2].story)["merged"], len(stories)) == ((), 2)


def test_late_merge_keeps_the_earlier_id_and_names_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MERGE_STORY_SIMILARITY_MIN", "MERGE_SIMILARITY_MIN"):
        monkeypatch.setattr(f"pipeline.stages.deduplicate.stories.{name}", 0.0)
    stories, (first, second, third) = bridged()
    earlier, later = ids([first, second])
    assert story_fields(third.story) == {"story_id": earlier, "merged": (later,), "origins": 3}
    copy = stories.join(article("copy", hours=9), second.story)
    assert (len(stories), copy.story) == (1, third.story)


def test_crash_between_the_storys_fact_and_the_articles_changes_nothing() -> None:
    stories = Stories("en")
    take(stories, article(QUAKE[0]))
    decided = stories.join(article(QUAKE[1]), None)
    keep(stories, decided.facts)
    again = stories.join(article(QUAKE[1]), None)
    assert (again.story, again.facts) == (decided.story, ())


@pytest.mark.parametrize("text", ["", "word", "🎉🎉🎉", "日本語" * 50, "a " * 100_000, "1 2 3 4"])
def test_awkward_texts_open_stories_of_their_own(text: str) -> None:
    first, second = ids(take(Stories("en"), article(text, "one"), article("Something else.", "two")))
    assert first != second


def test_burst_of_unrelated_articles_in_one_hour_is_forgotten_again() -> None:
    stories = Stories("en")
    take(stories, *(article(f"Name{n} Place{n} Thing{n} burst", str(n)) for n in range(600)))
    take(stories, *(article(f"Later{n} After{n} Last{n}", f"late{n}", 200) for n in range(8)))
    assert len(stories) == 8


@settings(max_examples=20)  # each draws and joins 60 reports
@given(st.integers(0, 2**32 - 1))
def test_memory_rebuilt_from_facts_in_any_order_decides_the_same(seed: int) -> None:
    draw = random.Random(seed)
    words = [f"Name{n}" for n in range(40)]
    stories, facts = Stories("en"), dict[str, bytes]()
    for n in range(60):
        report = article(" encoded ".join(draw.choices(words[n // 3 : n // 3 + 20], k=9)), str(n), hours=n * 3)
        for fact in stories.join(report, None).facts:
            stories.learn(fact.key, fact.value)
            if fact.value is None:
                facts.pop(fact.key, None)
            else:
                facts[fact.key] = fact.value
    rebuilt = Stories("en")
    shuffled = list(facts.items())
    draw.shuffle(shuffled)
    for key, value in shuffled:
        rebuilt.learn(key, value)
    probe = article(" encoded ".join(draw.choices(words[20:], k=12)), "probe", hours=180)
    assert stories.join(probe, None) == rebuilt.join(probe, None)


@given(st.lists(st.tuples(st.integers(0, 7_200), st.integers(-9_000, 0)), max_size=12), st.integers(0, 10_000))
def test_stories_that_nothing_came_to_since_a_moment_are_removed_whatever_the_hour(
    came: list[tuple[int, int]], at: int
) -> None:
    """A story goes once an hour began since anything came to it, and within the hour once its reports are older."""
    stories, ids = Stories("en"), {}
    begin = NOW.replace(minute=0, second=0, microsecond=0)
    for number, (seen, behind) in enumerate(sorted(came)):
        arrived = begin + timedelta(seconds=seen)
        words = " ".join(f"word{number}x{n}" for n in range(30))
        article = Article(
            id=derive_id("s", str(number)), source="s", seen=arrived, published=arrived + timedelta(seconds=behind),
            title=words[:40], text=words, language="en",
        )  # fmt: skip
        for fact in stories.join(article, None).facts:
            stories.learn(fact.key, fact.value)
            ids[fact.key] = (seen, seen + behind)
    removed = {fact.key for fact in stories.untouched((begin + timedelta(seconds=at)).timestamp(), 100)}
    hour = at // 3600
    assert removed == {
        key for key, (seen, told) in ids.items() if seen // 3600 < hour or (seen // 3600 == hour and told < at)
    }
    assert len(stories.untouched((begin + timedelta(seconds=at)).timestamp(), 2)) == min(2, len(removed))
