"""Settings: defaults, file, environment, secrets, and errors a person can act on."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import config
from pipeline.errors import UsageError


def test_named_file_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(UsageError, match="config init"):
        config.load(Path(__file__).with_name("absent.toml"), environ={})


def test_masked_settings_hold_no_secret() -> None:
    settings = config.load(
        environ={
            "NEWSWIRE_ELASTICSEARCH_API_KEY": "SECRET",
            "NEWSWIRE_CHANNELS": (
                '{ops = "webhook+https://me:SECRET@host.example/SECRET?k=SECRET", me = "mailto:SECRET@x"}'
            ),
        }
    )
    shown = msgspec.json.encode(config.masked(settings)).decode() + config.describe(config.masked(settings))
    assert "SECRET" not in shown
    assert "host.example" in shown


OF_ONE_FORM = ("time_zone", "allow", "disk", "every", "max_age", "update_every")


def texts(kind: type[msgspec.Struct] = config.Settings, where: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield where each text or list of texts stands."""
    for name, hint in get_type_hints(kind).items():
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from texts(hint, (*where, name))
        elif hint in (str, str | None, tuple[str, ...]) and name not in OF_ONE_FORM:
            yield (*where, name)


@pytest.mark.parametrize("place", [each for each in texts() if each != ("metrics", "listen")], ids=".".join)
def test_address_in_any_setting_is_shown_without_its_password(place: tuple[str, ...]) -> None:
    address = "https://u:SECRET@host.example/x"
    settings = config.load(environ={"_".join(("NEWSWIRE", *place)).upper(): address})
    assert "SECRET" in config.describe(settings)
    assert "SECRET" not in config.describe(config.masked(settings))


@pytest.mark.parametrize(
    "place", [each for each in texts() if each[-1].endswith(("password", "key")) and "kafka_key" not in each]
)
def test_secret_is_shown_nowhere(place: tuple[str, ...]) -> None:
    settings = config.load(environ={"_".join(("NEWSWIRE", *place)).upper(): "SECRET"})
    assert "SECRET" not in config.describe(config.masked(settings))


def test_default_settings_describe_valid_toml() -> None:
    assert tomllib.loads(config.describe(config.Settings()))["fetch"]["per_host"] == 2


SECRET = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)


def test_unknown_variable_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="NEWSWIRE_FETCH_ALOW, which is no setting: did you mean NEWSWIRE_FETCH_ALLOW"):
        config.load(environ={"NEWSWIRE_FETCH_ALOW": "127.0.0.0/8"})


@pytest.mark.parametrize(
    "name",
    ["NEWSWIRE_WEB_SERVICE_HOST", "NEWSWIRE_WEB_SERVICE_PORT_HTTP", "NEWSWIRE_PORT_8765_TCP_ADDR", "NEWSWIRE_PORT"],
)
def test_variables_that_platforms_set_for_a_service_are_passed_over(name: str) -> None:
    assert config.Settings() == config.load(environ={f"NEWSWIRE_{name}": "10.0.0.1"})


@given(user=SECRET, password=SECRET)
def test_no_password_is_shown(user: str, password: str) -> None:
    given = quote(f"{user}:{password}", safe=":")
    settings = config.Settings(
        elasticsearch=f"https://{given}@search.example.org:9200",
        elasticsearch_api_key=password,
        channels={"team": f"webhook+https://{given}@hooks.example.org/x"},
        notify=config.Notify(smtp=f"smtps://{given}@mail.example.org"),
    )
    shown = config.describe(config.masked(settings))
    assert given not in shown
    assert all(host in shown for host in ("search.example.org:9200", "hooks.example.org", "mail.example.org"))
