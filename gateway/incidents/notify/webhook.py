"""A webhook by the Standard Webhooks specification: signed by a shared secret, so that its receiver knows whose it is, and from when."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.incidents.notice import Call, Notice, NoticeEvent, timestamp

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
_TYPES: dict[NoticeEvent, str] = {
    "trigger": "incident.opened", "update": "incident.updated", "acknowledge": "incident.acknowledged", "resolve": "incident.resolved",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Webhook:
    """``secrets``: ``whsec_…``; several while one is replaced by another, each of which signs."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    _keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", tuple(_key(each) for each in self.secrets))
        if not self._keys:
            raise ValueError("a webhook needs a secret")

    def call(self, notice: Notice, id_: str, now: float) -> Call | None:
        body = json.dumps({"type": _TYPES[notice.event], "timestamp": timestamp(notice.at), "data": _data(notice)}).encode()
        seconds = f"{now:.0f}"
        headers = (
            ("Content-Type", "application/json"),
            ("webhook-id", id_),
            ("webhook-timestamp", seconds),
            ("webhook-signature", signatures(self._keys, id_, seconds, body)),
        )
        return Call(self.url, headers, body)


def signatures(keys: Sequence[bytes], id_: str, seconds: str, body: bytes) -> str:
    signed = f"{id_}.{seconds}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError("a webhook's secret: whsec_ and the base64 of 24 to 64 bytes")
    return key


def _data(notice: Notice) -> dict[str, Any]:
    return {
        "incident": notice.incident,
        "urgency": notice.urgency,
        "severity": notice.severity,
        "title": notice.title,
        "reason": notice.reason,
        "app": notice.app,
        "dimensions": dict(notice.dimensions),
        "kind": notice.kind,
        "onset": timestamp(notice.onset),
        "facts": dict(notice.facts),
        "links": [{"href": each.href, "text": each.text} for each in notice.links],
    }
