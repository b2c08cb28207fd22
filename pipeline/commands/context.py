"""What every command shares: the settings of this call and the store they name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline import config

if TYPE_CHECKING:
    from pipeline.wiring.stores import Store


def current_settings() -> config.Settings:
    """Load the settings that ``--config``, the environment and ``--data`` make. Raises ``UsageError``."""
    chosen: dict[str, str] = click.get_current_context().ensure_object(dict)
    path = Path(chosen["config"]) if "config" in chosen else None
    return config.load(path, {"data": chosen.get("data")})


def open_store() -> AbstractContextManager[Store]:
    """Open the store of the current settings. Raises ``UnavailableError``."""
    from pipeline.wiring import stores

    return stores.store(current_settings())
