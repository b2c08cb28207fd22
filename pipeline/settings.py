"""What can be set, with its default and what it means: ``config`` fills this from file and environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import platformdirs

from pipeline.version import USER_AGENT

_TIME = "[0-9]{1,6}[smh]|[0-9]{1,5}d|[0-9]{1,4}w"
_DURATION = f"^({_TIME})$"
_SIZE = "^(unlimited|[0-9]{1,6}([.][0-9]{1,3})? ?[kMGT]B)$"
_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_EVERY = f"^(never|{_TIME})$"
# More than anybody means, and little enough to count with: moments begin in year 1, timers and files have bounds.
MOST_DAYS, MOST_S, MOST_BYTES, MOST_COUNT = 36_500, 365 * 86_400, 2**40, 1_000_000


def _about(text: str, **limits: Any) -> msgspec.Meta:
    return msgspec.Meta(description=text, **limits)


def _secret(text: str) -> msgspec.Meta:
    """Describe what is shown to nobody."""
    return msgspec.Meta(description=text, extra={"secret": True})


def is_secret(hint: Any) -> bool:
    """Tell whether the hint of a setting says that its value is shown to nobody."""
    return any((note.extra or {}).get("secret", False) for note in getattr(hint, "__metadata__", ()))


class Fetch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how feeds are fetched."""

    user_agent: Annotated[str, _about("how the fetcher introduces itself to sites")] = USER_AGENT
    allow: Annotated[tuple[str, ...], _about("private networks that may be fetched from, such as 127.0.0.0/8")] = ()
    concurrency: Annotated[int, _about("fetches under way at once", ge=1, le=1000)] = 64
    per_host: Annotated[int, _about("fetches under way at once per host", ge=1, le=64)] = 2
    spacing_s: Annotated[float, _about("least time between two fetches of feeds from one host", ge=0, le=MOST_S)] = 0.3
    min_interval_s: Annotated[int, _about("a feed is never polled more often", ge=1, le=MOST_S)] = 300
    max_interval_s: Annotated[int, _about("a feed is polled at least this often", ge=60, le=MOST_S)] = 86_400
    timeout_s: Annotated[float, _about("total time for one fetch", gt=0, le=MOST_S)] = 30.0
    max_bytes: Annotated[int, _about("largest inflated body", ge=1024, le=MOST_BYTES)] = 50_000_000
    older_pages: Annotated[
        int, _about("older pages of a paged feed (RFC 5005) read when it is new", ge=0, le=MOST_COUNT)
    ] = 10
    page_spacing_s: Annotated[float, _about("full text: least time between two pages of one site", ge=0, le=MOST_S)] = (
        1.0
    )
    page_deadline_s: Annotated[
        float, _about("full text: longest time for finding the article in a page", gt=0, le=MOST_S)
    ] = 10.0


class WebSub(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say whether hubs may tell of news, so that feeds that have one need less polling."""

    callback_url: Annotated[
        str | None,
        _about("public address that leads hubs to `listen`, such as https://news.example.org/push; none: off"),
    ] = None
    listen: Annotated[str, _about("address and port where hubs' calls arrive, mostly from a proxy that speaks TLS")] = (
        "127.0.0.1:8075"
    )
    fewer_polls: Annotated[
        float,
        _about(
            "a feed whose pings arrive is polled this many times less often, in case one is lost", ge=1, le=MOST_COUNT
        ),
    ] = 10.0


class Deduplicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what counts as a copy."""

    window_days: Annotated[float, _about("how far back copies are looked for", gt=0, le=MOST_DAYS)] = 7.0
    similarity: Annotated[float, _about("share of text in common that makes a copy", gt=0, le=1)] = 0.7


class Extract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say who reads articles for events."""

    processes: Annotated[
        int,
        _about(
            "processes beside `up` or a worker that do; -1: beside `up` as many as there are further cores, up to 3, "
            "beside a worker one; 0: none, the process itself does",
            ge=-1,
            le=64,
        ),
    ] = -1


class Keep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how long things are kept; what is older is removed in the background."""

    articles_days: Annotated[int, _about("the log that replays start from", ge=1, le=MOST_DAYS)] = 90
    index_months: Annotated[int, _about("what search finds; 0 keeps everything", ge=0, le=1_200)] = 0
    withheld_days: Annotated[int, _about("why alerts were not sent", ge=1, le=MOST_DAYS)] = 14
    deliveries_days: Annotated[
        int, _about("what `alert log` shows of alerts that are done with", ge=1, le=MOST_DAYS)
    ] = 365
    facts_days: Annotated[
        int,
        _about(
            "by what an article that comes again is told from a new one; more than feeds look back", ge=7, le=MOST_DAYS
        ),
    ] = 400
    revisions: Annotated[
        int, _about("earlier versions of an article that `show --diff` compares", ge=0, le=MOST_COUNT)
    ] = 20
    disk: Annotated[
        str, _about("the store is kept below this size by removing the oldest, such as 20GB", pattern=_SIZE)
    ] = "unlimited"

    @property
    def disk_bytes(self) -> int:
        """Return the largest size of the store in bytes; 0 where there is no bound."""
        if self.disk == "unlimited":
            return 0
        return int(float(self.disk[:-2]) * _UNITS[self.disk[-2]])


class Metrics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say where this process answers /metrics, /healthz and /readyz; each role on a machine needs a port of its own."""

    listen: Annotated[
        str, _about("address and port such as 127.0.0.1:9101", pattern="^(off|[^ ]{1,200}:[0-9]{1,5})$")
    ] = "off"
    ready_after_s: Annotated[float, _about("not ready when what waits does not move for so long", gt=0, le=MOST_S)] = (
        120.0
    )


class Backup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say whether `newswire up` makes backups of its store; `newswire admin restore FILE` takes one back."""

    every: Annotated[str, _about("how often one is made, such as 1d", pattern=_EVERY)] = "never"
    keep: Annotated[int, _about("how many are kept, the newest", ge=1, le=MOST_COUNT)] = 7
    directory: Annotated[str | None, _about("where they go; else `backups` in the data directory")] = None


class Alerts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what alerts tell, unless a rule says otherwise."""

    max_age: Annotated[
        str, _about("what was published longer before it was seen is not told, such as 48h", pattern=_DURATION)
    ] = "48h"
    history: Annotated[bool, _about("tell also of what feeds had before they were followed, and of older articles")] = (
        False
    )
    update_every: Annotated[str, _about("an article's updates are told at most so often", pattern=_DURATION)] = "1h"
    cap_per_hour: Annotated[
        int, _about("messages of a rule in an hour before the rest go in one; 0: all", ge=0, le=MOST_COUNT)
    ] = 10


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how alerts are sent."""

    allow: Annotated[
        tuple[str, ...], _about("private networks that an alert's own channels may lead to, such as 127.0.0.0/8")
    ] = ()
    smtp: Annotated[str | None, _about("SMTP server of mailto: channels, such as smtps://user:password@host")] = None
    proxy: Annotated[
        str | None, _about("HTTP proxy that webhooks and ntfy go through, such as http://user:password@host:3128")
    ] = None


class Web(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say where the page for people and the API for programs are served."""

    enabled: Annotated[bool, _about("whether `newswire up` serves them")] = True
    listen: Annotated[
        str, _about("address and port; any but one of this machine alone needs a password or a token")
    ] = "127.0.0.1:8765"
    password: Annotated[str | None, _secret("what one has to know to come in")] = None
    hosts: Annotated[tuple[str, ...], _about("further names that the page is called by, such as news.example.org")] = ()
    user_header: Annotated[
        str | None, _about("header in which a proxy names the reader who has logged in there, such as Remote-User")
    ] = None
    proxies: Annotated[
        tuple[str, ...],
        _about(
            "addresses of proxies whose X-Forwarded-Proto, -Host, -For and user_header are believed, such as 10.0.0.2"
        ),
    ] = ()
    pictures: Annotated[
        bool,
        _about(
            "whether articles show their picture and feeds their icon, fetched by Newswire; no browser asks the site"
        ),
    ] = False


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold every setting, with its default."""

    runtime: Annotated[
        Literal["embedded", "distributed"],
        _about("embedded: one process and one file; distributed: Kafka and Elasticsearch"),
    ] = "embedded"
    data: Annotated[str | None, _about("directory for the store and other state")] = None
    kafka: Annotated[str, _about("bootstrap servers, comma-separated")] = "127.0.0.1:9092"
    kafka_tls: Annotated[bool, _about("speak TLS with Kafka")] = False
    kafka_ca: Annotated[str | None, _about("PEM file of who signs Kafka's certificates; none: the system's")] = None
    kafka_certificate: Annotated[str | None, _about("PEM file of our certificate, where Kafka asks for one")] = None
    kafka_key: Annotated[str | None, _about("PEM file of its key, where that stands apart")] = None
    kafka_user: Annotated[str | None, _about("who we are for Kafka (SASL); none: nobody in particular")] = None
    kafka_password: Annotated[str | None, _secret("password of kafka_user")] = None
    kafka_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], _about("how the password is shown to Kafka")
    ] = "SCRAM-SHA-512"
    elasticsearch: Annotated[str, _about("address of Elasticsearch")] = "http://127.0.0.1:9200"
    elasticsearch_ca: Annotated[
        str | None, _about("PEM file of who signs Elasticsearch's certificates; none: the system's")
    ] = None
    elasticsearch_api_key: Annotated[str | None, _secret("API key for Elasticsearch")] = None
    prefix: Annotated[str, _about("put before every topic and index name, to share servers")] = ""
    partitions: Annotated[
        int, _about("partitions per topic, set up once: how many workers can share a stage", ge=1, le=MOST_COUNT)
    ] = 8
    session_timeout_s: Annotated[float, _about("after this silence another worker takes over", gt=0, le=MOST_S)] = 10.0
    time_zone: Annotated[str, _about("whose days a query means, such as Europe/Berlin; alerts have their own")] = "UTC"
    channels: Annotated[
        dict[str, str], _about("where alerts go: a name and an address such as webhook+https://...")
    ] = {}
    fetch: Fetch = Fetch()
    websub: WebSub = WebSub()
    deduplicate: Deduplicate = Deduplicate()
    extract: Extract = Extract()
    keep: Keep = Keep()
    backup: Backup = Backup()
    metrics: Metrics = Metrics()
    alerts: Alerts = Alerts()
    notify: Notify = Notify()
    web: Web = Web()

    @property
    def directory(self) -> Path:
        """Return the data directory: the one set, else the platform's own."""
        return Path(self.data).expanduser() if self.data else platformdirs.user_data_path("newswire", appauthor=False)
