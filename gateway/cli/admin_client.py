"""Asks the admin side of a running gateway, as the settings have it."""

import argparse
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from gateway.addresses import http_url
from gateway.cli.serve import settings_file
from gateway.config import Config
from gateway.settings import load_config

Json = dict[str, Any]

_JSON = {"Content-Type": "application/json"}
_TIMEOUT_S = 10
_MAX_ANSWER = 64 << 20
_ANYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 where it listens, which is no address to ask


class AdminError(Exception):
    """It was not done; the message says why. ``status`` is 0 where nobody has answered."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token is for the one that is named."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 as it is declared
        return None


class AdminClient:
    """No proxy of the environment sees the token."""

    def __init__(self, base: str, token: str | None = None) -> None:
        self._base = base.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Raises ``AdminError``."""
        return self._asked("GET", f"{path}?{urlencode(params or {})}", None, self._headers)

    def send(self, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Json:
        """Raises ``AdminError``."""
        return self._asked(method, path, json.dumps(body).encode(), {**_JSON, **self._headers, **(headers or {})})

    def _asked(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Json:
        try:
            request = urllib.request.Request(self._base + path, body, dict(headers), method=method)  # noqa: S310 whom the settings name
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return _object(answer.read(_MAX_ANSWER))
        except urllib.error.HTTPError as error:
            with error:
                raise AdminError(_why(error.read(_MAX_ANSWER)) or f"status {error.code}", error.code) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise AdminError(f"{self._base} does not answer ({getattr(reason, 'strerror', None) or type(reason).__name__})") from None


def part(text: str) -> str:
    """Of a path."""
    return quote(text, safe="")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
    parser.add_argument("--admin", metavar="URL", help="the admin side of the gateway (default: that of the settings)")


def settings_of(args: argparse.Namespace) -> Config:
    """Raises ``ProblemsError``."""
    return load_config(settings_file(args.config), dict(os.environ))


def client_of(args: argparse.Namespace, config: Config) -> AdminClient:
    listen = config.listen
    base = args.admin or http_url(reachable(listen.admin_host), listen.admin_port)
    return AdminClient(base, listen.admin_token.get_secret_value() if listen.admin_token else None)


def reachable(host: str) -> str:
    return "127.0.0.1" if host in _ANYWHERE else host


def _object(content: bytes) -> Json:
    said = json.loads(content or b"{}")
    if not isinstance(said, dict):
        raise ValueError("no object")  # noqa: TRY004 as for what is no JSON
    return said


def _why(content: bytes) -> str:
    try:
        return str(_object(content)["error"]["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return ""
