"""Dates as feeds write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.dates import parse_date
from connectors.formats.zones import Home

TEN = datetime(2022, 2, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 21 Feb 2022 10:00:00 GMT",
        "Monday, 21 February 2022 10:00:00 GMT",
        "Mon, 21 Feb 22 10:00 UT",
        "Mon,21 Feb 2022 05:00:00 EST",
        "Mon, 21 Feb 2022 12:00:00 +0200 (EET)",
        "Mon, 21 Feb 2022 11:00:00 GMT+0100",
        "Mon, 21 Feb 2022 12:00:00 CEST",
        "Mon, 21 Feb 2022 05:00:00 America/New_York",
        "Mo, 21. Februar 2022 11:00:00 MEZ",
        "lun, 21 fév 2022 11:00:00 +01:00",
        "21 de febrero de 2022 10:00",
        "Пн, 21 фев 2022 13:00:00 +0300",
        "Mon Feb 21 10:00:00 2022",
        "Mon Feb 21 10:00:00 UTC 2022",
        "Feb 21, 2022 10:00 AM",
        "February 21st, 2022 10:00:00 a.m.",
        "2022-02-21T10:00:00Z",
        "2022-02-21t10:00:00.000000789z",
        "2022-02-21T15:45:00+05:45",
        "2022-02-21 10:00:00 UTC",
        "2022/02/21 10:00",
        "2022.2.21 10:00:00",
        "2022年02月21日 10:00",
        "20220221T100000Z",
        "21.02.2022 10:00",
        "02/21/2022 10:00:00 AM",
        "21/02/2022 10:00",
        "1645437600",
        "1645437600000",
        "2022-02-21 10:00:00 +0000 UTC m=+0.05",
        "Monday, February 21, 2022 - 10:00",
        "Mon, 02/21/2022 - 10:00",
        "21-02-2022 10:00",
        "21. 2. 2022 10:00",
        "2022. 2. 21. 10:00",
        "2022년 2월 21일 오전 10:00",
        "2022年2月21日 上午10:00",
        "2022-02-21T100000",
        "Mon, 21 Feb 2022 10:00:00 + 0000",
        "Mon, 21 Feb 2022 05:00:00 ET",
        "21st Feb 2022 10:00",
        "Вт, 21 лют 2022 12:00:00 +0200",
        "21 февраля 2022 10:00",
        "21 Şubat 2022 Pazartesi 10:00",
        "21 февруари 2022 г., 10:00",
        "2022. február 21. 10:00",
        "21 februarie 2022, 10:00",
        "२१ फ़रवरी 2022 10:00",
        "٢١ فبراير ٢٠٢٢ 10:00",
        "21 ก.พ. 2565 10:00",
        "2022-02-21T11:00:00+01:00[Europe/Paris]",
        "Mon, 21 Feb 2022 10:0:0 Z",
        "Monday,February 21,2022 10:00 am",
        "Mon Feb 21 12:00:00 +0200 2022",
        "10:00, 21 February 2022 (UTC)",
        "10:00 AM, February 21, 2022",
        "10:00 21.02.2022",
        "21. veljače 2022. 10:00",
        "202202211000",
        "21.02.2022. u 10:00",
        "२१ फ़रवरी २०२२, १०:०० बजे",
        "20220221100000",
        "Thứ Hai, 21/02/2022, 17:00 (GMT+7)",
        "21 tháng 2 năm 2022 10:00 SA",
        "Mon, 21 Feb 2022 05:00 (EST)",
        "Mon, 21 Feb 2022 05:00:00 EST5EDT",
        "21 февраля 2022, 13:00 МСК",
        "21 בפברואר 2022 10:00",
        "令和4年2月21日 10:00",
        "2022 m. vasario 21 d. 10:00",
        "2022. gada 21. februāris 10:00",
    ],
)
def test_the_same_moment_in_many_hands(text: str) -> None:
    assert parse_date(text) == TEN


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2022-02-21T24:00:00Z", datetime(2022, 2, 22, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("12/1/2022 12:30 AM", datetime(2022, 12, 1, 0, 30, tzinfo=UTC)),
        ("Mon, 21 Feb 94 10:00:00 GMT", datetime(1994, 2, 21, 10, tzinfo=UTC)),
        ("2022-02-21T10:00:00.25Z", TEN + timedelta(milliseconds=250)),
        ("2022-02", datetime(2022, 2, 1, tzinfo=UTC)),
        ("2022", datetime(2022, 1, 1, tzinfo=UTC)),
        ("13 كانون الأول 2022", datetime(2022, 12, 13, tzinfo=UTC)),
        ("13 تشرين الثاني 2022", datetime(2022, 11, 13, tzinfo=UTC)),
        ("令和元年5月1日", datetime(2019, 5, 1, tzinfo=UTC)),
        ("945437600000", datetime(1999, 12, 17, 13, 33, 20, tzinfo=UTC)),
        ("12.12.2020, Sa 12:30", datetime(2020, 12, 12, 12, 30, tzinfo=UTC)),
    ],
)
def test_edges(text: str, wanted: datetime) -> None:
    assert parse_date(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Thu, 30 Feb 2022 10:00:00 GMT",
        "2022-13-40",
        "99:99",
        "12345",
        "32/32/2022",
        "Mon, 21",
        "05/01/2026",
        "05-01-2026 10:00",
        "16th Nov",
        "24 listopada 2026",
        "Mon, 21 Feb 2022 10:00:00 XYZT",
        "1400/11/22",
        "21 Feb 2022 25:00",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "home", "day", "hour"),
    [
        ("Mon, 21 Feb 2022 10:00:00 IST", Home("en-IN"), 21, 4),
        ("Mon, 21 Feb 2022 10:00:00 IST", Home("en", "ie"), 21, 9),
        ("Mon, 21 Feb 2022 10:00:00 AST", Home("ar"), 21, 7),
        ("05/02/2022", Home("fr"), 5, 0),
        ("02/05/2022", Home("en-US"), 5, 0),
    ],
)
def test_where_a_feed_is_at_home_decides_what_else_could_be_two(text: str, home: Home, day: int, hour: int) -> None:
    found = parse_date(text, home)
    assert found is not None
    assert (found.month, found.day, found.hour) == (2, day, hour)


@pytest.mark.parametrize(("language", "month"), [("pl", 11), ("hr", 10), ("cs", 11)])
def test_month_that_languages_disagree_on_is_read_in_the_feeds_own(language: str, month: int) -> None:
    found = parse_date("24 listopada 2021" if language != "cs" else "24 listopadu 2021", Home(language))
    assert (found.month if found else None) == month


@given(
    st.datetimes(TEN.replace(year=1971, tzinfo=None), TEN.replace(year=2068, tzinfo=None)),
    st.integers(-14 * 4, 14 * 4),
)
def test_standard_forms_are_read_as_the_library_writes_them(naive: datetime, quarters: int) -> None:
    wanted = naive.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    assert parse_date(wanted.isoformat()) == wanted
    assert parse_date(format_datetime(wanted)) == wanted.replace(microsecond=0)


@given(st.text(st.sampled_from("0123456789 :/-.,TZ+GMTjanfebmar年月日éй\n"), max_size=40))
def test_any_text_is_a_moment_in_utc_or_none(text: str) -> None:
    found = parse_date(text)
    assert found is None or found.tzinfo is UTC
