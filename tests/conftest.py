"""What several test packages share: the addresses of real servers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def elasticsearch_url() -> str:
    """Return the address of a real Elasticsearch, or skip and say how to have one."""
    url = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH")
    if not url:
        pytest.skip("set NEWSWIRE_TEST_ELASTICSEARCH to the address of an Elasticsearch 9 (deploy/servers starts one)")
    return url


@pytest.fixture
def elasticsearch_prefix(elasticsearch_url: str) -> Iterator[str]:
    """Return a prefix of this test's own; what stands under it is dropped afterwards."""
    from elasticsearch import Elasticsearch

    prefix = f"test-{uuid.uuid4().hex[:10]}-"
    yield prefix
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        names = list(client.indices.get(index=f"{prefix}*", allow_no_indices=True, expand_wildcards="all").body)
        if names:
            client.indices.delete(index=",".join(names))
        client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}*")
