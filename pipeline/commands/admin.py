"""`newswire admin`: what an operator does now and then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
import msgspec

from pipeline.commands.context import current_settings, open_store
from pipeline.errors import UsageError
from pipeline.ports.log import Message

REPLAY_GROUP = "dead-replay"
PAGE = 500
SHOWN = 20
DAYS_PER_MONTH = 30.44


@click.group()
def admin() -> None:
    """Set up, repair, replay, back up and prune."""


@admin.command()
def setup() -> None:
    """Create the store, or topics and index; safe to repeat."""
    settings = current_settings()
    if settings.runtime == "embedded":
        with open_store():
            click.echo(f"The store in {settings.directory} is ready.")
        return
    from pipeline.wiring import stores

    for line in stores.set_up_servers(settings):
        click.echo(line)


@admin.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--replay", is_flag=True, help="Send them back to the stage that refused them.")
def dead(as_json: bool, replay: bool) -> None:
    """List records that a stage gave up on, with the reason."""
    from pipeline.topics import DEAD

    count = 0
    with open_store() as store:
        # Reading without committing leaves the letters pending; only a replay marks them as dealt with.
        while messages := store.log.read(DEAD.name, REPLAY_GROUP, PAGE, timeout=1.0 if count == 0 else 0.0):
            count += len(messages)
            if replay:
                with store.transaction():
                    store.log.append(_returned(message) for message in messages if message.headers.get("topic"))
                    store.log.commit(DEAD.name, REPLAY_GROUP)
                continue
            for message in messages:
                click.echo(_letter_json(message) if as_json else _letter_line(message))
    if replay:
        click.echo(f"{count} records sent back." if count else "There are no dead letters.")
    elif not count and not as_json:
        click.echo("There are no dead letters.")


@admin.command()
@click.option("--into", metavar="NAME", help="Build a second Elasticsearch index, then switch to it.")
def replay(into: str | None) -> None:
    """Rebuild the index from the articles in the log; nobody is alerted."""
    from pipeline.wiring import runners, stores

    settings = current_settings()
    with stores.replaying(settings, into) as (log, index, finish):
        from pipeline.runners.replay import replay as run
        from pipeline.topics import ARTICLES

        written, failures = run(log.replay(ARTICLES.name), runners.flow(settings), index, stores.clock, _show_progress)
        for failure in failures[:SHOWN]:
            click.echo(failure, err=True)
        if not failures:
            finish()
    click.echo(f"{written} revisions replayed" + (f", {len(failures)} could not be." if failures else "."))
    if failures:
        raise click.exceptions.Exit(1)


@admin.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy the store to FILE while it is in use."""
    from pipeline.wiring import stores

    settings = current_settings()
    if settings.runtime != "embedded":
        raise UsageError("A backup of the distributed runtime is made with the snapshots of Kafka and Elasticsearch.")
    with stores.database(settings) as database:
        database.back_up(file)
    click.echo(file)


@admin.command()
def prune() -> None:
    """Remove what is older than the settings under [keep] say."""
    from pipeline.topics import ALERTS, ARTICLES
    from pipeline.wiring.stores import clock

    articles = documents = 0
    with open_store() as store:
        keep, now = store.settings.keep, clock()
        for topic in (ARTICLES, ALERTS):
            articles += store.log.expire(topic.name, now - timedelta(days=keep.articles_days))
        if keep.index_months:
            documents = store.index.prune(now - timedelta(days=DAYS_PER_MONTH * keep.index_months))
        deliveries = store.ledger.prune(now - timedelta(days=keep.deliveries_days))
    click.echo(
        f"Removed {articles} records from the log, {documents} documents from the index and {deliveries} deliveries."
    )


def _returned(letter: Message) -> Message:
    attempts = letter.headers.get("attempts", "1")
    return Message(topic=letter.headers["topic"], key=letter.key, value=letter.value, headers={"attempts": attempts})


def _letter_json(letter: Message) -> bytes:
    return msgspec.json.encode({"key": letter.key, **letter.headers, "value": letter.value.decode("utf-8", "replace")})


def _letter_line(letter: Message) -> str:
    reason = letter.headers.get("error", "").strip().rpartition("\n")[2]
    tried = letter.headers.get("attempts", "1")
    return f"{letter.key[:12]}  {letter.headers.get('stage', '?')}  tried {tried}x  {reason}"


def _show_progress(written: int) -> None:
    if click.get_text_stream("stderr").isatty():
        click.echo(f"\r{written} revisions", err=True, nl=False)
