"""Who is calling: the configured application whose key the request carries."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.config import App
from gateway.errors import Unauthorized


@dataclass(frozen=True, slots=True)
class Caller:
    """``name`` is empty where no applications are configured; ``policy`` is the one its settings name. ``owner`` is whose the endpoint's
    stored conversations are: the application's, or those of the key that the client brings.
    """

    name: str
    policy: str | None
    is_known: bool
    owner: str = ""


ANYONE = Caller("", None, is_known=False)


class Apps:
    def __init__(self, apps: Sequence[App]) -> None:
        self._known = [(_digest(app.key.get_secret_value()), _caller(app)) for app in apps]

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """Raises Unauthorized where applications are configured and the key is none of theirs."""
        if not self._known:
            return replace(ANYONE, owner=f"key:{_digest(_key(headers)).hex()}")
        given = _digest(_key(headers))
        found = None
        for digest, caller in self._known:  # all of them, so that the time says nothing
            if hmac.compare_digest(digest, given):
                found = caller
        if found is None:
            raise Unauthorized("invalid_api_key", "The request's key is not that of a configured application.")
        return found


def _caller(app: App) -> Caller:
    return Caller(app.name, app.policy, is_known=True, owner=f"app:{app.name}")


def _key(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("x-api-key", "") or headers.get("api-key", "")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
