"""Which alerts are one: their ids and subjects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec
import pytest

from pipeline.model import Alert, AlertRule, Change, Document
from pipeline.stages.match.stage import Rules, match

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def alerts(article: dict[str, Any], **options: Any) -> list[Alert]:
    asked: dict[str, Any] = {"id": "r", "name": "rule", "query": "putin", "created": NOW}
    rule = AlertRule(**asked | options)
    rules = Rules()
    rules.learn("r", msgspec.json.encode(rule))
    read: dict[str, Any] = {"id": "a", "source": "bbc", "seen": NOW, "title": "Putin", "story_id": "s"}
    document = Document(**read | article)
    return [alert for alert in match(document, rules, NOW).emit if isinstance(alert, Alert)]


def only_id(article: dict[str, Any], **options: Any) -> str:
    (alert,) = alerts(article, **options)
    return alert.id


def test_same_article_again_is_the_same_alert() -> None:
    assert only_id({}) == only_id({"revision": 2, "text": "more"})


def test_each_article_of_a_story_is_an_alert_of_its_own_about_the_story() -> None:
    (one,), (two,) = alerts({"id": "a"}), alerts({"id": "b"})
    assert (one.id != two.id, one.subject, two.subject) == (True, "s", "s")


def test_copy_is_an_alert_about_the_subject_of_its_original() -> None:
    for once_per in ("story", "article"):
        (copy,) = alerts({"id": "b", "duplicate_of": "a", "story_id": None}, once_per=once_per)
        (original,) = alerts({"id": "a", "story_id": None}, once_per=once_per)
        assert ("a", "a", True) == (copy.subject, original.subject, copy.id != original.id)


def test_changed_figures_are_another_alert() -> None:
    change = Change(part="figures", before="3", after="5")
    assert only_id({}) != only_id({"revision": 2, "changes": (change,)})


def test_every_article_alerts_when_asked() -> None:
    assert only_id({"id": "a"}, once_per="article") != only_id({"id": "b"}, once_per="article")


def test_silence_and_surge_rules_do_not_match_articles() -> None:
    assert alerts({}, kind="silence") == alerts({}, kind="surge") == []


def test_article_out_of_scope_does_not_match() -> None:
    assert (len(alerts({"language": "en"}, languages=("en",))), alerts({"language": "fr"}, languages=("en",))) == (
        1,
        [],
    )


@pytest.mark.parametrize("removed", [False, True])
def test_without_a_rule_no_article_is_read(removed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules()
    if removed:
        rules.learn("r", msgspec.json.encode(AlertRule(id="r", name="rule", query="putin", created=NOW)))
        rules.learn("r", None)

    def analyze(*_: object) -> NoReturn:
        raise AssertionError("the text was taken apart")

    for module in ("pipeline.language.tokens", "pipeline.query.evaluate"):
        monkeypatch.setattr(f"{module}.analyze", analyze)
    document = Document(id="a", source="bbc", seen=NOW, title="Putin", text="Putin spoke", language="en")
    assert match(document, rules, NOW).emit == ()
    rules.learn("r", msgspec.json.encode(AlertRule(id="r", name="rule", query="putin", created=NOW)))
    with pytest.raises(AssertionError):
        match(document, rules, NOW)
