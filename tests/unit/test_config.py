"""Settings: defaults, file, environment, secrets, and errors a person can act on."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

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


def test_default_settings_describe_valid_toml() -> None:
    assert tomllib.loads(config.describe(config.Settings()))["fetch"]["per_host"] == 2
