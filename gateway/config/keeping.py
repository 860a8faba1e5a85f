"""What is kept: of conversations, of exchanges, and for how long."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from gateway.config.section import MegaBytes, Section
from gateway.secret import Secret

_STORES = "memory://, redis://[[USER]:PASSWORD@]HOST[:PORT][/NUMBER], or rediss://… with TLS"


def _store(url: SecretStr) -> SecretStr:
    """No message has the URL in it, which may hold a password."""
    text = url.get_secret_value()
    if text == "memory://":
        return url
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not re.fullmatch(r"/?|/\d{1,6}", parts.path) or parts.query or parts.fragment:
        raise ValueError(f"this is not the URL of a store; allowed: {_STORES}")
    return url


class State(Section):
    """Where that lies which outlasts an exchange: what placeholders in conversations that a provider keeps stand for."""

    url: Annotated[Secret, AfterValidator(_store)] = SecretStr("memory://")
    timeout_ms: Annotated[int, Field(ge=1, le=60_000)] = 250
    """How long an exchange waits for a Redis, each time."""
    vault_ttl_h: Annotated[int, Field(ge=1, le=87_600)] = 720
    """How long a conversation's placeholders can be restored after its last exchange."""
    vault_max_mb: MegaBytes = 64
    """Of ``memory://``; a Redis has its own limit."""


class Journal(Section):
    dir: Path = Path("var/journal")
    segment_mb: MegaBytes = 64
    keep_mb: MegaBytes = 4096
    """The oldest segments are removed beyond this."""
    fsync: Literal["interval", "always", "never"] = "interval"
    on_error: Literal["block", "allow"] = "block"
    """What becomes of an exchange whose record cannot be written."""


_EXCHANGES = (
    "sqlite:///PATH (sqlite:////PATH from the root), postgresql://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=require], or "
    "clickhouse://USER[:PASSWORD]@HOST[:PORT]/DATABASE (clickhouses:// with TLS)"
)
_STORE_SERVERS = {"postgresql": ("", "sslmode=require"), "clickhouse": ("",), "clickhouses": ("",)}
"""What may follow the path."""


def _exchanges(url: SecretStr) -> SecretStr:
    """No message has the URL in it, which may hold a password."""
    text = url.get_secret_value()
    if re.fullmatch(r"sqlite:///[^?#\x00]+", text):
        return url
    try:
        parts = urlsplit(text)
        is_usable = parts.query in _STORE_SERVERS.get(parts.scheme, ()) and bool(parts.hostname and parts.username) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not re.fullmatch(r"/[^/]{1,63}", parts.path) or parts.fragment:
        raise ValueError(f"this is not the URL of a store of exchanges; allowed: {_EXCHANGES}")
    return url


_MIN_KEY = 32


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < _MIN_KEY:
        raise ValueError(f"this is too short for a key; allowed: {_MIN_KEY} characters and more, such as those of `openssl rand -hex 32`")
    return key


class Store(Section):
    """Where the watch keeps exchanges for those who look."""

    url: Annotated[Secret, AfterValidator(_exchanges)] = SecretStr("sqlite:///./var/oddgate.db")
    retain_days: Annotated[int, Field(ge=1, le=3660)] = 30
    """With today. What is older goes, a day (UTC) at a time."""
    keep_text: Literal["none", "redacted", "full"] = "none"
    """What is kept of what exchanges say: nothing; the texts without all that rules find in them; or all of it as it came, sealed."""
    allow_full_text: bool = False
    """The second switch, without which ``full`` is refused."""
    text_key: Annotated[Secret, AfterValidator(_long_enough)] | None = None
    """What texts are sealed with, and opened by ``oddgate exchanges ID --text``."""
    text_retain_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """With today. None: 7, or ``retain_days`` where that is less."""

    @property
    def text_days(self) -> int:
        return min(7, self.retain_days) if self.text_retain_days is None else self.text_retain_days

    @property
    def path(self) -> Path | None:
        """Of a SQLite file; None for a server."""
        kind, _, path = self.url.get_secret_value().partition(":///")
        return Path(path) if kind == "sqlite" else None
