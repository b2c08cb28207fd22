"""The pages of events and stories, without a script: what they show, how they narrow, and what they refuse."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from pipeline.model import Actor, Document, Event, Place, ResolvedDate, Schedule, Span, derive_id
from tests.fakes.web import Page, page
from tests.unit.web.test_pages import NOW, PAYLOADS, article, check_harmless

STORY = "5" * 32
FORMS = ("", "as=timeline", "as=map", "as=calendar")
VIENNA = Place(text="Vienna", start=0, end=6, name="Vienna", country="AUT", latitude=48.2, longitude=16.4)


def event(
    n: int, kind: str = "CONSULT", actor: str = "Lavrov", day: str | None = None, sentence: str = "They met.",
    place: Place | None = None, target: str = "Blinken", due: str | None = None,
) -> Event:  # fmt: skip
    when = [ResolvedDate(value=d, granularity="day", text=d, start=0, end=1) if d else None for d in (day, due)]
    return Event(
        id=derive_id(str(n), kind, actor),
        type=kind,
        trigger=Span(text="met", start=0, end=3),
        sentence=Span(text=sentence, start=0, end=len(sentence)),
        actors=(Actor(text=actor, name=actor, start=0, end=1),),
        recipients=(Actor(text=target, name=target, start=0, end=1),),
        date=when[0],
        location=place,
        schedule=Schedule(what="talks", status="announced", when=when[1], where=place) if due else None,
    )


def told(n: int, *events: Event, **fields: object) -> Document:
    return article(n, f"Report {n}", events=events, **fields)


def dam(n: int, source: str, dead: int) -> Document:
    sentence = f"The flood killed {dead} people."
    return told(n, event(n, "ASSAULT", "flood", sentence=sentence, target="people"), source=source, story_id=STORY)


def filled(served: Page) -> None:
    served.put(
        told(1, event(1, place=VIENNA, day="2022-02-24"), source="Harbour Wire"),
        told(2, event(2, "AID", "Red Cross", sentence="Aid came.", due=f"{NOW:%Y-%m}-15"), source="Dawn"),
    )


@pytest.mark.parametrize("form", FORMS)
def test_each_form_has_the_events_with_their_sentences(form: str) -> None:
    with page() as served:
        filled(served)
        text = served.browser.get(f"/events?{form}").text
        expected = {"as=calendar": ["Aid came."], "as=map": ["They met."]}.get(form, ["They met.", "Aid came."])
        assert [words for words in ("They met.", "Aid came.") if words in text] == expected


def test_table_narrows_by_what_who_to_whom_and_where() -> None:
    with page() as served:
        filled(served)
        text = served.browser.get("/events").text
        links = {unescape(link) for link in re.findall(r'href="(/events\?[^"]*)"', text)}
        narrowing = [link for link in links if re.search(r"\?(event|actor|target|place)=[^&]*$", link)]
        assert {link.partition("=")[0].partition("?")[2] for link in narrowing} == {"event", "actor", "target", "place"}
        for link in narrowing:
            found = served.browser.get(link)
            assert found.status == 200 and "/event/" in found.text, link
        only = served.browser.get("/events?actor=Red+Cross").text
        assert "Aid came." in only and "They met." not in only


def test_map_has_a_circle_a_place_and_the_same_as_a_table() -> None:
    with page() as served:
        filled(served)
        text = served.browser.get("/events?as=map").text
        assert text.count("<circle") == 1 and 'aria-label="Vienna: 1 event"' in text
        assert "1 more name no place" in text
        assert "They met." in served.browser.get("/events?place=Vienna").text


def test_timeline_counts_by_day_and_each_day_leads_to_its_events() -> None:
    with page() as served:
        filled(served)
        text = served.browser.get("/events?as=timeline").text
        days = re.findall(r'<td><a href="([^"]*)">2022-02-24</a></td><td>(\d+)</td>', text)
        assert [count for _, count in days] == ["1"]
        only = served.browser.get(unescape(days[0][0])).text
        assert "They met." in only and "Aid came." not in only


def test_timeline_counts_what_was_reported_within_the_days_asked_for() -> None:
    with page() as served:
        old = NOW - timedelta(days=100)
        served.put(told(1, event(1, day="2022-02-24"), seen=old, published=old))
        assert "2022-02-24" not in served.browser.get("/events?as=timeline").text
        for extra in ("", "&q=report", "&q=a+OR+report"):
            assert "2022-02-24" in served.browser.get(f"/events?as=timeline&days=365{extra}").text
        assert served.browser.get("/events?as=timeline&days=0").status == 400


def test_calendar_shows_the_month_asked_for_and_can_be_followed() -> None:
    with page() as served:
        filled(served)
        text = served.browser.get("/events?as=calendar").text
        assert f'<time datetime="{NOW:%Y-%m}-15">' in text and ">talks</a>" in text
        other = served.browser.get("/events?as=calendar&month=1999-02").text
        assert "February 1999" in other and "Nothing is scheduled" in other
        places = [unescape(each) for each in re.findall(r'value="(http[^"]*\.ics[^"]*)"', text)]
        assert len(places) == 1
        stranger = served.another().get(places[0].removeprefix("http://127.0.0.1:8765"))
        assert stranger.headers["content-type"].startswith("text/calendar")
        assert "SUMMARY:talks" in stranger.text


def test_calendar_that_is_followed_has_what_its_page_was_narrowed_to() -> None:
    with page() as served:
        filled(served)
        for actor, count in (("Red Cross", 1), ("Lavrov", 0)):
            text = served.browser.get(f"/events?as=calendar&actor={actor.replace(' ', '+')}").text
            (place,) = (unescape(each) for each in re.findall(r'value="(http[^"]*\.ics[^"]*)"', text))
            found = served.another().get(place.removeprefix("http://127.0.0.1:8765"))
            assert found.status == 200 and found.text.count("BEGIN:VEVENT") == count


def test_event_has_a_page_with_all_who_tell_of_it_and_their_figures() -> None:
    with page() as served:
        served.put(dam(3, "Harbour Wire", 12), dam(2, "Dawn", 12), dam(1, "Capital Gazette", 15))
        text = served.browser.get(f"/event/{event(1, 'ASSAULT', 'flood').id}").text
        assert all(f"The flood killed {dead} people." in text for dead in (12, 15))
        assert "Figures that disagree" in text and "Harbour Wire, Dawn" in text
        assert f'href="/story/{STORY}"' in text and "confirmed" in text


def test_story_says_who_was_first_how_it_grew_and_what_figures_disagree() -> None:
    with page() as served:
        served.put(dam(5, "Harbour Wire", 12), dam(2, "Dawn", 12), dam(1, "Capital Gazette", 15))
        text = served.browser.get(f"/story/{STORY}").text
        firsts = re.findall(r'<th scope="row" dir="auto">([^<]*)</th><td>(.*?)</td>', text)
        assert [source for source, _ in firsts] == ["Harbour Wire", "Dawn", "Capital Gazette"]
        assert [re.sub(r"<[^>]+>", "", when) for _, when in firsts][1:] == ["3 h later", "4 h later"]
        assert 'class="timeline growth"' in text and text.count('<rect class="first"') == 3
        rows = re.findall(r"<tr><td>([^<]*)</td><td dir=\"auto\">([^<]*)</td><td><time", text)
        assert rows == [("12", "Harbour Wire, Dawn"), ("15", "Capital Gazette")]


def test_long_story_is_read_in_parts_without_gap() -> None:
    with page() as served:
        served.put(*(article(n, f"Report {n:03}", source=f"s{n}", story_id=STORY) for n in range(1, 131)))
        seen: list[str] = []
        path = f"/story/{STORY}"
        while path:
            text = served.browser.get(path).text
            assert len(text) < 60_000
            seen += re.findall(r"Report (\d{3})</a><p", text)
            later = re.search(r'<a href="([^"]*)" rel="next">Later', text)
            path = unescape(later.group(1)) if later else ""
        assert seen == [f"{n:03}" for n in range(130, 0, -1)]


def test_many_events_are_paged_and_no_page_is_heavy() -> None:
    places = [Place(text=f"P{n}", start=0, end=1, name=f"P{n}", latitude=n % 80, longitude=n % 170) for n in range(400)]
    long = "What was said of it goes on and on, with many a name and number. " * 10
    day = NOW + timedelta(days=1)
    with page() as served:
        served.put(
            *(
                told(n, event(n, actor=f"Actor {n}", place=places[n], sentence=long, due=f"{day:%Y-%m-%d}"))
                for n in range(1, 400)
            )
        )
        for form in FORMS:
            assert len(served.browser.get(f"/events?{form}").body) < 62_000, form
        seen: set[str] = set()
        path = "/events"
        while path:
            text = served.browser.get(path).text
            seen |= set(re.findall(r'id="e-([0-9a-f]{32})"', text))
            later = re.search(r'<a href="([^"]*)" rel="next">Older', text)
            path = unescape(later.group(1)) if later else ""
        assert len(seen) == 199 and "found by narrowing" in served.browser.get("/events").text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_strangers_words_stay_words_in_events_and_stories(payload: str) -> None:
    place = Place(text=payload, start=0, end=1, name=payload, country=payload, latitude=1.0, longitude=2.0)
    with page() as served:
        served.put(
            told(1, event(1, actor=payload, target=payload, sentence=payload, place=place, due=f"{NOW:%Y-%m-%d}"),
                 source=payload, story_id=STORY),
            told(2, event(2, actor=payload, target=payload, sentence=f"{payload} 12 people"), source="b",
                 story_id=STORY),
        )  # fmt: skip
        paths = [f"/events?{form}&everything=1" for form in FORMS]
        for path in (*paths, f"/story/{STORY}", f"/event/{event(1, actor=payload).id}", f"/events?q={STORY}"):
            answer = served.browser.get(path)
            assert answer.status in (200, 400)
            check_harmless(answer.text)


@pytest.mark.parametrize(("path", "status"), [
    ("/events?as=globe", 400), ("/events?as=calendar&month=13", 400), ("/events?as=calendar&month=2026-13", 400),
    ("/events?as=calendar&month=0001-01", 400), ("/events?as=calendar&month=9999-12", 400), ("/events?from=0", 400),
    ("/events?from=200", 400), ("/events?from=x", 400), ("/events?event=%00", 400), ("/events?when=late", 400),
    ("/events?q=(((", 400), ("/events?actor=%20%20", 200), ("/events?place=" + "x" * 5_000, 200),
    ("/event/f", 404), ("/event/" + "f" * 32, 404), ("/event/%25%25%25%25", 404), ("/event/../../etc", 404),
    (f"/story/{STORY}?from=0", 400), (f"/story/{STORY}?from=2", 400), (f"/story/{STORY}?from=-1", 400),
    ("/story/" + "f" * 32, 404),
])  # fmt: skip
def test_what_cannot_be_shown_is_told_in_words(path: str, status: int) -> None:
    with page() as served:
        served.put(dam(1, "Harbour Wire", 12))
        answer = served.browser.get(path)
        assert answer.status == status, answer.text
        assert status == 200 or 'role="alert"' in answer.text


@pytest.mark.parametrize("name", ["x=y", "event=CONSULT", "actor=%00", "query=(((", "scheduled=1&actor=lavrov", "&&&"])
def test_calendar_of_events_needs_its_own_key_and_reads_no_other_conditions(name: str) -> None:
    from pipeline.web.access_pages import outgoing_address

    with page() as served:
        filled(served)
        stranger = served.another()
        path = outgoing_address(served.desk, "events", name, "ics")
        assert stranger.get(path).status in (200, 400)
        assert (
            stranger.get(outgoing_address(served.desk, "query", name, "ics").replace("query", "events", 1)).status
            == 404
        )
        assert stranger.get(path.replace(".ics", ".atom")).status == 404
