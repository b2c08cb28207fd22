"""Connecting to Elasticsearch, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from elastic_transport import TlsError
from elasticsearch import (
    ApiError,
    AuthorizationException,
    ConnectionTimeout,
    Elasticsearch,
    TransportError,
    UnsupportedProductError,
)

from pipeline.errors import NewswireError, TransientError, UnavailableError, UsageError
from pipeline.networks import masked

TIMEOUT_S = 30.0
RETRY_AFTER_S = 2.0
BLOCKED_AFTER_S = 5.0
# Answered with 400 as well, though nothing is wrong with the request.
_STATES = ("index_closed_exception", "index_not_found_exception", "no_shard_available_action_exception")


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is needed to be let in: a key, and the PEM file of the authorities to trust (else the system's)."""

    api_key: str | None = None
    ca: str | None = None

    def __repr__(self) -> str:
        """Leave out the key: this ends up in logs."""
        return f"Access(ca={self.ca!r})"


OPEN = Access()


def connect(url: str, access: Access = OPEN) -> Elasticsearch:
    """Make a client; nothing is sent before the first call. Retries are the caller's, who can wait."""
    trusted: dict[str, Any] = {"ca_certs": access.ca} if access.ca is not None else {}
    try:
        return Elasticsearch(
            url, api_key=access.api_key, request_timeout=TIMEOUT_S, max_retries=0, retry_on_timeout=False, **trusted
        )
    except OSError as exc:
        raise UsageError(f"elasticsearch_ca: {access.ca} is no PEM file that can be used.") from exc
    except ValueError as exc:
        raise UsageError(f"{masked(url)} is no address of Elasticsearch ({exc}); expected http://host:9200.") from exc


def server_version(url: str, access: Access = OPEN) -> str | None:
    """Return the version of the server; ``None`` where the key may not ask for it. Raises ``UnavailableError``."""
    with translated(url), connect(url, access) as client:
        try:
            answer = client.nodes.info(node_id="_local", metric="os", filter_path="nodes.*.version").body
        except AuthorizationException:
            return None
    return next((str(node["version"]) for node in answer.get("nodes", {}).values()), None)


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
    except TlsError as exc:
        raise UnavailableError(
            f"Elasticsearch at {masked(url)} does not agree on TLS with us "
            f"({_short(exc)}); see to its address and certificate, and name who signed that in `elasticsearch_ca`."
        ) from exc
    except TransportError as exc:
        raise UnavailableError(
            f"No Elasticsearch answers at {masked(url)}; start it (deploy/servers, deploy/compose.yaml) or set "
            "`elasticsearch` to its address."
        ) from exc


def is_of_the_document(status: int, kind: str | None) -> bool:
    """Tell whether one item of a bulk request failed for what is in it: no repetition helps then."""
    return status == 400 and kind not in _STATES


def _from_answer(url: str, error: ApiError) -> NewswireError:
    """Return our error for an answer: all but a request that is wrong in itself is a state of the server."""
    status, text, kind = error.meta.status, str(error), _type(error)
    if kind == "cluster_block_exception" or kind in _STATES:
        return TransientError(
            f"Elasticsearch at {masked(url)} does not take it just now: {_reason(error)}. Free disk space, lift the "
            "block or open the index.",
            BLOCKED_AFTER_S,
        )
    if status in (404, 408, 413, 429) or status >= 500:
        return TransientError(
            f"Elasticsearch at {masked(url)} is busy or failing ({status}, {_reason(error)}).", RETRY_AFTER_S
        )
    if status in (401, 403):
        return UnavailableError(f"Elasticsearch at {masked(url)} refuses these credentials; check the API key.")
    if "media_type_header" in text or "compatible-with" in text:
        return UnavailableError(
            f"Elasticsearch at {masked(url)} is not version 9, which this client speaks; upgrade the server, or "
            "install the client of its version (pip install 'elasticsearch<9' for 8)."
        )
    if status != 400:
        return UnavailableError(f"What answers at {masked(url)} does not work as Elasticsearch does ({status}).")
    return UsageError(f"Elasticsearch does not take the request: {_reason(error)}.")


def _short(error: TlsError) -> str:
    return " ".join(str(error.message).split())[:200]


def _type(error: ApiError) -> str | None:
    body = error.body
    cause = body.get("error") if isinstance(body, dict) else None
    return cause.get("type") if isinstance(cause, dict) else None


def _reason(error: ApiError) -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        causes = body["error"].get("root_cause") or [body["error"]]
        return str(causes[0].get("reason", body["error"].get("type")))[:300]
    return str(error)[:300]
