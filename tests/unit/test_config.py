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


def distributed(**settings: str) -> config.Settings:
    return config.load(
        environ={"NEWSWIRE_RUNTIME": "distributed"}
        | {f"NEWSWIRE_{name.upper()}": text for name, text in settings.items()}
    )


@pytest.mark.parametrize(
    "kafka",
    ["", " ", "127.0.0.1:notaport", "host:0", "host:70000", "a:9092,", "a b:9092", "::1:9092", "user@host:9092"],
)
def test_what_is_no_server_of_kafka_is_refused_with_what_is_expected(kafka: str) -> None:
    with pytest.raises(UsageError, match=r"kafka: .* is no server; write HOST:PORT"):
        distributed(kafka=kafka)
    assert config.load(environ={"NEWSWIRE_KAFKA": kafka}).kafka == kafka  # one process on one machine asks none


@pytest.mark.parametrize("kafka", ["kafka", "kafka:9092", "a-1.example.org:9092, b:9093", "[::1]:9092", "SSL://a:9093"])
def test_what_may_be_a_server_of_kafka_is_taken(kafka: str) -> None:
    assert distributed(kafka=kafka).kafka == kafka


@pytest.mark.parametrize("prefix", ["bad prefix", "a/", "Upper", "-a", "_a", "é", "a" * 101, "a,b", "a*"])
def test_prefix_that_a_server_would_refuse_is_refused_before(prefix: str) -> None:
    with pytest.raises(UsageError, match=r"prefix: .* cannot begin the names"):
        distributed(prefix=prefix)


@pytest.mark.parametrize("prefix", ["", "a", "team-1.", "0a_b-"])
def test_prefix_that_both_servers_take_is_taken(prefix: str) -> None:
    assert distributed(prefix=prefix).prefix == prefix
