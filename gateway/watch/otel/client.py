"""OTLP over HTTP, as a client: exports of one signal to a collector, by the variables that every exporter of OpenTelemetry's knows."""

import gzip
import logging
import os
import zlib
from collections.abc import Callable
from functools import cached_property
from typing import Literal

import requests
from opentelemetry.util.re import parse_env_headers

Signal = Literal["traces", "logs"]

_TIMEOUT_S = 10.0
_MAX_ANSWER = 64 << 10
_COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {"gzip": lambda body: gzip.compress(body, 6), "deflate": zlib.compress}

log = logging.getLogger("oddgate.watch")


class OtlpPost:
    """``url`` is the collector's address, without ``/v1/…``. Of each variable the signal's own (``OTEL_EXPORTER_OTLP_TRACES_…``) counts
    before that for all. What the environment says, also of proxies and passwords, is read once.
    """

    def __init__(self, url: str, signal: Signal) -> None:
        self._url = f"{url}/v1/{signal}"
        self._session = requests.Session()
        self._session.verify = _said(signal, "CERTIFICATE") or True
        key, certificate = _said(signal, "CLIENT_KEY"), _said(signal, "CLIENT_CERTIFICATE")
        self._session.cert = (certificate, key) if certificate and key else certificate or None
        self._timeout_s = _timeout_s(signal)
        compression = _said(signal, "COMPRESSION").strip().lower()
        self._compress = _COMPRESSIONS.get(compression)
        if compression not in ("", "none", *_COMPRESSIONS):
            log.warning("OTEL_EXPORTER_OTLP_COMPRESSION is not understood; allowed: none, %s", ", ".join(_COMPRESSIONS))
        self._headers = {"content-type": "application/x-protobuf", "user-agent": "oddgate"}
        if self._compress:
            self._headers["content-encoding"] = compression
        self._headers |= _headers(signal)
        self._settings = self._session.merge_environment_settings(self._url, {}, True, None, None)

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Status and content of the answer, as far as that is no longer than one; status 0 where there was none in time."""
        sent = self._compress(body) if self._compress else body
        try:
            try:
                return self._post(sent)
            except requests.exceptions.ConnectTimeout:
                raise
            except requests.ConnectionError:  # a connection that was kept has been closed meanwhile
                return self._post(sent)
        except (requests.RequestException, OSError):
            return 0, b""

    def close(self) -> None:
        self._session.close()

    @cached_property
    def _request(self) -> requests.PreparedRequest:
        """Without its body. Raises ``requests.RequestException`` where it can be none, as with a line's end in a header."""
        return self._session.prepare_request(requests.Request("POST", self._url, self._headers))

    def _post(self, body: bytes) -> tuple[int, bytes]:
        request = self._request.copy()
        request.prepare_body(body, None)
        with self._session.send(request, timeout=self._timeout_s, allow_redirects=False, **self._settings) as answer:
            content = next(answer.iter_content(_MAX_ANSWER), b"")
            return answer.status_code, content


def _said(signal: Signal, name: str) -> str:
    return os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}") or os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") or ""


def _headers(signal: Signal) -> dict[str, str]:
    """The library would say which of them is none: it may be somebody's key."""
    logging.getLogger("opentelemetry.util.re").setLevel(logging.CRITICAL)
    said = _said(signal, "HEADERS")
    headers = dict(parse_env_headers(said, liberal=True))
    if len(headers) < len([part for part in said.split(",") if part.strip()]):
        log.warning("OTEL_EXPORTER_OTLP_HEADERS has what is no header, or one twice; allowed: name=value,name=value")
    return headers


def _timeout_s(signal: Signal) -> float:
    said = _said(signal, "TIMEOUT")
    try:
        seconds = float(said) if said else _TIMEOUT_S
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        log.warning("OTEL_EXPORTER_OTLP_TIMEOUT is no number of seconds; it is taken for %g", _TIMEOUT_S)
        return _TIMEOUT_S
    return seconds
