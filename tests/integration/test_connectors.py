"""Several connectors on one subscription list, on real Kafka: every feed is polled, and by one of them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pipeline.wiring import services, stores
from tests.integration.distributed import Cluster, wait_until
from tests.integration.feed_server import FEED, FeedServer

pytestmark = pytest.mark.kafka
FEEDS = 40


def follow(cluster: Cluster, server: FeedServer, paths: list[str]) -> None:
    server.pages |= {path: FEED.replace(b"harbour", path.encode()) for path in paths}
    with stores.store(cluster.settings) as store:
        for path in paths:
            services.feeds(store).subscribe(server.url + path)


@pytest.mark.elasticsearch
def test_connectors_share_the_feeds_and_take_over_from_one_that_dies(
    servers: dict[str, str], elasticsearch_prefix: str, tmp_path: Path
) -> None:
    cluster, server = Cluster(servers, elasticsearch_prefix, tmp_path), FeedServer()
    cluster.environment["NEWSWIRE_FETCH_ALLOW"] = "127.0.0.0/8"

    def polled(by: str | None = None) -> list[str]:
        return [path for path, headers in list(server.requests) if by in (None, headers["User-Agent"])]

    def both_poll() -> bool:
        """Offer feeds until both have been given a share: then neither is handed what the other has begun."""
        follow(cluster, server, [f"/first{len(server.pages)}"])
        return bool(polled("one") and polled("two"))

    try:
        one, _ = (cluster.start("connect", NEWSWIRE_FETCH_USER_AGENT=name) for name in ("one", "two"))
        assert wait_until(both_poll, 60), cluster.logs()
        paths = [f"/feed{number}" for number in range(FEEDS)]
        follow(cluster, server, paths)
        assert wait_until(lambda: set(paths) <= set(polled()), 40), cluster.logs()
        assert set(paths) & set(polled("one"))
        assert set(paths) & set(polled("two"))
        assert sorted(path for path in polled() if path in paths) == sorted(paths)
        one.send_signal(signal.SIGKILL)
        more = [f"/more{number}" for number in range(FEEDS)]
        follow(cluster, server, more)
        assert wait_until(lambda: set(more) <= set(polled()), 60), cluster.logs()
        assert sorted(path for path in polled() if path in more) == sorted(more)
        # What the one that died had polled but not yet written down is polled again, once, by the other.
        again = [path for path in polled("two") if path in polled("one") and path in paths]
        assert sorted(path for path in polled() if path in paths) == sorted(paths + again)
    finally:
        cluster.stop()
        server.close()
