"""Who is calling: the configured application whose key the request carries, and the labels that it gives its request.

A label says what the client says, so it is read only as far as the settings trust it, and never travels on.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.config.serving import App, Label, Labels
from gateway.errors import BadRequest, Unauthorized
from gateway.proxy.http import Headers
from policies.subject import Subject

_LABEL = re.compile(r"[A-Za-z0-9_.:@/+=|~-]{1,128}")
_KEY_ID = 16
_KEYS = frozenset({"authorization", "x-api-key", "api-key"})
_BETWEEN = re.compile(r"[\s,]+")
_MAX_WORDS = 4
"""Of two keys, each with its scheme; what has more is no credential to anybody."""
_Trust = Sequence[tuple[Label, str]]
"""Labels and the headers that they come in."""


@dataclass(frozen=True, slots=True)
class Caller:
    """``name`` is empty where no applications are configured; ``policy`` is the one its settings name. ``owner`` is whose the endpoint's
    stored conversations are: the application's, or those of the key that the client brings; ``key_id`` tells that key from others without
    telling it. ``user``, ``session`` and ``group`` are the
    labels that are trusted.
    """

    name: str
    policy: str | None
    is_known: bool
    owner: str = ""
    user: str = ""
    session: str = ""
    group: str = ""
    key_id: str = ""

    def subject(self, model: str, surface: str) -> Subject:
        return Subject(self.name, model, surface, self.user, self.session, self.group)


class Apps:
    def __init__(self, apps: Sequence[App], labels: Labels | None = None) -> None:
        trusted = (labels or Labels()).trust
        self._known = [(_digest(app.key.get_secret_value()), _caller(app), _trust(app.trust, trusted)) for app in apps]
        self._trust = _trust(None, trusted)

    def identify(self, headers: Mapping[str, str], key: str = "") -> Caller:
        """``key``: the one that comes elsewhere than in a header.

        Raises Unauthorized where applications are configured and the key is none of theirs, BadRequest for a label that is none.
        """
        given = _digest(key or _key(headers))
        if not self._known:
            name = given.hex()
            unknown = Caller("", None, is_known=False, owner=f"key:{name}", key_id=name[:_KEY_ID])
            return _labelled(unknown, self._trust, headers)
        found = None
        for digest, caller, trust in self._known:  # all of them, so that the time says nothing
            if hmac.compare_digest(digest, given):
                found = caller, trust
        if found is None:
            raise Unauthorized("invalid_api_key", "The request's key is not that of a configured application.")
        return _labelled(*found, headers)


def names_of(caller: Caller, headers: Headers) -> tuple[str, ...]:
    """What measures may call whoever brings this request: ``app:`` and the application, ``key:`` and a key's id. A client's own keys go
    on to the endpoint, which may know it by another one of them than the gateway does.
    """
    if caller.is_known:
        return f"app:{caller.name}", f"key:{caller.key_id}"
    said = [_BETWEEN.split(value.strip(" \t,"), _MAX_WORDS) for name, value in headers if name.lower() in _KEYS]
    keys = dict.fromkeys([key for words in said if len(words) <= _MAX_WORDS for key in words])
    ids = dict.fromkeys([caller.key_id, *(_digest(key).hex()[:_KEY_ID] for key in keys)])
    return f"app:{caller.name}", *(f"key:{each}" for each in ids)


def _labelled(caller: Caller, trust: _Trust, headers: Mapping[str, str]) -> Caller:
    labels = {label: value for label, header in trust if (value := headers.get(header, ""))}
    if not labels:
        return caller
    for label, value in labels.items():
        if not _LABEL.fullmatch(value):
            message = f"The header x-oddgate-{label} is no label: up to 128 letters, digits and _ . : @ / + = | ~ -"
            raise BadRequest("invalid_label", message)
    return replace(
        caller, name=labels.get("app", caller.name), user=labels.get("user", ""), session=labels.get("session", ""),
        group=labels.get("group", ""),
    )  # fmt: skip


def _trust(own: Sequence[Label] | None, general: Sequence[Label]) -> _Trust:
    return tuple((label, f"x-oddgate-{label}") for label in (general if own is None else own))


def _caller(app: App) -> Caller:
    key_id = _digest(app.key.get_secret_value()).hex()[:_KEY_ID]
    return Caller(app.name, app.policy, is_known=True, owner=f"app:{app.name}", key_id=key_id)


def _key(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("x-api-key", "") or headers.get("api-key", "")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
