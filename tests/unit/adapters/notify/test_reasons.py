"""Reasons: a person reads what happened, never the name of an exception or the secret in its text."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
import subprocess

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.notify.reasons import reason_of

SECRET = "https://u:SECRET@h/SECRET"
ERRORS = [
    ConnectionRefusedError(errno.ECONNREFUSED, SECRET),
    ConnectionResetError(SECRET),
    OSError(SECRET),
    TimeoutError(SECRET),
    socket.gaierror(socket.EAI_NONAME, SECRET),
    ssl.SSLError(1, SECRET),
    aiohttp.ServerDisconnectedError(SECRET),
    aiohttp.InvalidURL(SECRET),
    aiohttp.ClientPayloadError(SECRET),
    subprocess.TimeoutExpired(SECRET, 1),
    subprocess.CalledProcessError(1, SECRET),
    ValueError(SECRET),
    UnicodeError(SECRET),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_reason_is_words_without_the_text_of_the_error(error: Exception) -> None:
    said = reason_of(error)
    assert "SECRET" not in said
    assert not re.search(r"[A-Z][a-z]+Error|Errno|\[", said), said
    assert said


@given(number=st.sampled_from(sorted(errno.errorcode)))
def test_every_number_of_the_system_has_words(number: int) -> None:
    said = reason_of(OSError(number, os.strerror(number)))
    assert not re.search(r"Error|Errno", said), said
