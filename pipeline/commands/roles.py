"""`newswire connect|worker|index|notify`: the processes of the distributed runtime, one role each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pipeline.commands.context import current_settings
from pipeline.config import Settings
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.runners.polling.ingest import Polled


def _distributed() -> Settings:
    settings = current_settings()
    if settings.runtime != "distributed":
        raise UsageError(
            'This is a role of the distributed runtime: set runtime = "distributed" (or NEWSWIRE_RUNTIME) and name '
            "the servers; on one machine, `newswire up` does all of it."
        )
    return settings


def tell(polled: Polled) -> None:
    """Print how one poll went, on standard error: failures always, the rest on a terminal."""
    if polled.error:
        click.echo(click.style(f"{polled.url}: {polled.error}", fg="yellow"), err=True)
    elif polled.published and sys.stderr.isatty():
        click.echo(click.style(f"{polled.url}: {polled.published} of {polled.entries}", fg="bright_black"), err=True)


@click.command()
@click.option("--once", is_flag=True, help="Stop after one round.")
def connect(once: bool) -> None:
    """Run a connector: poll feeds and publish to Kafka."""
    from pipeline.wiring import runners

    runners.run_connector(_distributed(), once=once, report=tell)


@click.command()
def worker() -> None:
    """Run a worker: the stages, on Kafka."""
    from pipeline.wiring import runners

    runners.run_worker(_distributed())


@click.command()
def index() -> None:
    """Run the sink from Kafka into Elasticsearch."""
    from pipeline.wiring import runners

    runners.run_sink(_distributed())


@click.command()
def notify() -> None:
    """Run the notifier: deliver alerts from Kafka."""
    from pipeline.wiring import runners

    runners.run_notifier(_distributed())
