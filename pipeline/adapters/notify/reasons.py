"""Why a message could not be handed over, in words that name no more of the address than the host."""

from __future__ import annotations

import socket
import ssl
import subprocess

from pipeline.plain_words import os_words


def reason_of(error: BaseException) -> str:
    """Say what an error of the network, of a file or of another program means; its own text may hold secrets."""
    import aiohttp  # not at the start, which it would make slower by a tenth

    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy cannot be reached ({reason_of(error.os_error)})"
    if isinstance(error, aiohttp.ClientResponseError):
        return "no answer in HTTP"
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    if isinstance(cause, Exception) and cause is not error:
        return reason_of(cause)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as it should"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, TimeoutError | subprocess.TimeoutExpired):
        return "no answer in time"
    if isinstance(error, subprocess.CalledProcessError):
        return f"it ended with {error.returncode}"
    if isinstance(error, OSError) and error.errno:
        return os_words(error)
    if isinstance(error, OSError | aiohttp.ClientError | EOFError):
        return "the connection was cut"
    return "what came was not understood"
