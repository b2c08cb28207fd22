"""The API keeps what its description promises, whatever is asked of it: schemathesis over every operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from pipeline.web.api.routes import OPERATIONS
from tests.fakes.web import page
from tests.unit.web.test_api import article

schemathesis = pytest.importorskip("schemathesis", reason="pip install schemathesis")
positive_data_acceptance = schemathesis.checks.positive_data_acceptance


def _as_it_is(context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


schemathesis.serializer("application/jsonl", "text/x-opml")(_as_it_is)

HOST = "http://127.0.0.1:8765"
EXAMPLES = 40


@pytest.fixture(scope="module")
def described() -> Iterator[Any]:
    """Return the description as it is served, of a page with some articles."""
    with page() as served:
        served.put(*(article(n, f"Dam {n}") for n in range(1, 5)))
        made = schemathesis.openapi.from_dict(served.browser.get("/api/v1/openapi.json").json())
        made.app = served.browser.app
        yield made


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_is_one_that_is_described(described: Any, operation: Any) -> None:
    phases = (Phase.explicit, Phase.generate)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), phases=phases, deadline=None)
    @given(described[operation.path][operation.method].as_strategy())
    def ask(case: Any) -> None:
        # What may stand in a string says JSON Schema; whether that is a query, a feed or a name of ours it cannot say.
        case.call_and_validate(base_url=HOST, excluded_checks=[positive_data_acceptance])

    ask()
