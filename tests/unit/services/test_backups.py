"""Backups are made when it is time, and only the newest stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.ports.backups import BackupFile
from pipeline.services.backups import Backups

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Place:
    """Keep backups in memory."""

    def __init__(self) -> None:
        self.files: dict[str, BackupFile] = {}

    def all(self) -> list[BackupFile]:
        return sorted(self.files.values(), key=lambda each: each.made, reverse=True)

    def make(self, made: datetime) -> BackupFile:
        self.files[str(made)] = BackupFile(name=str(made), made=made, size=1)
        return self.files[str(made)]

    def remove(self, name: str) -> None:
        self.files.pop(name, None)


class Day:
    """Be a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def test_one_is_made_each_period_and_the_newest_are_kept() -> None:
    place, clock = Place(), Day()
    backups = Backups(place, clock, every=timedelta(days=1), keep=3)
    made = 0
    for _ in range(10 * 24):
        made += backups.step()
        clock.now += timedelta(hours=1)
    assert made == 10
    assert [START + timedelta(days=n) for n in (9, 8, 7)] == [each.made for each in place.all()]


def test_none_is_made_unasked_where_none_is_wanted() -> None:
    place = Place()
    backups = Backups(place, Day(), every=None, keep=2)
    assert (backups.step(), backups.is_late()) == (False, False)
    assert backups.make().made == START


def test_late_is_what_is_a_period_behind_and_clocks_set_back_end_nothing() -> None:
    place, clock = Place(), Day()
    backups = Backups(place, clock, every=timedelta(days=7), keep=2)
    assert backups.is_late()
    backups.step()
    clock.now += timedelta(days=13)
    assert not backups.is_late()
    clock.now += timedelta(days=2)
    assert backups.is_late()
    clock.now = START - timedelta(days=100)
    assert backups.step()
