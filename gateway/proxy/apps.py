"""Who is calling: the configured application whose key the request carries."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.config import App
from gateway.errors import Unauthorized


@dataclass(frozen=True, slots=True)
class Caller:
    """``name`` is empty where no applications are configured; ``policy`` is the one its settings name."""

    name: str
    policy: str | None
    is_known: bool


_ANYONE = Caller("", None, is_known=False)


class Apps:
    def __init__(self, apps: Sequence[App]) -> None:
        self._known = [(_digest(app.key.get_secret_value()), Caller(app.name, app.policy, is_known=True)) for app in apps]

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """Raises Unauthorized where applications are configured and the key is none of theirs."""
        if not self._known:
            return _ANYONE
        given = _digest(_key(headers))
        found = None
        for digest, caller in self._known:  # all of them, so that the time says nothing
            if hmac.compare_digest(digest, given):
                found = caller
        if found is None:
            raise Unauthorized("invalid_api_key", "The request's key is not that of a configured application.")
        return found


def _key(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("x-api-key", "") or headers.get("api-key", "")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
