"""Connecting to Elasticsearch, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import ApiError, ConnectionTimeout, Elasticsearch, TransportError, UnsupportedProductError

from pipeline.errors import NewswireError, TransientError, UnavailableError, UsageError
from pipeline.networks import masked

TIMEOUT_S = 30.0
RETRY_AFTER_S = 2.0


def connect(url: str, api_key: str | None = None) -> Elasticsearch:
    """Make a client; nothing is sent before the first call. Retries are the caller's, who can wait."""
    try:
        return Elasticsearch(url, api_key=api_key, request_timeout=TIMEOUT_S, max_retries=0, retry_on_timeout=False)
    except ValueError as exc:
        raise UsageError(f"{masked(url)} is no address of Elasticsearch ({exc}); expected http://host:9200.") from exc


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise our errors for Elasticsearch's.

    ``UnavailableError``: not there, not Elasticsearch, of another version, or not for us. ``TransientError``: busy.
    ``UsageError``: it does not take the request.
    """
    try:
        yield
    except UnsupportedProductError as exc:
        raise UnavailableError(f"What answers at {masked(url)} is not Elasticsearch; set `elasticsearch`.") from exc
    except ConnectionTimeout as exc:
        raise TransientError(f"Elasticsearch at {masked(url)} did not answer in time.", RETRY_AFTER_S) from exc
    except ApiError as exc:
        raise _from_answer(url, exc) from exc
    except TransportError as exc:
        raise UnavailableError(
            f"No Elasticsearch answers at {masked(url)}; start it (deploy/servers, deploy/compose.yaml) or set "
            "`elasticsearch` to its address."
        ) from exc


def _from_answer(url: str, error: ApiError) -> NewswireError:
    status, text = error.meta.status, str(error)
    if status == 429 or status >= 500:
        return TransientError(f"Elasticsearch at {masked(url)} is busy or failing ({status}).", RETRY_AFTER_S)
    if status in (401, 403):
        return UnavailableError(f"Elasticsearch at {masked(url)} refuses these credentials; check the API key.")
    if "media_type_header" in text or "compatible-with" in text:
        return UnavailableError(
            f"Elasticsearch at {masked(url)} is not version 9, which this client speaks; upgrade the server, or "
            "install the client of its version (pip install 'elasticsearch<9' for 8)."
        )
    return UsageError(f"Elasticsearch does not take the request: {_reason(error)}.")


def _reason(error: ApiError) -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        causes = body["error"].get("root_cause") or [body["error"]]
        return str(causes[0].get("reason", body["error"].get("type")))[:300]
    return str(error)[:300]
