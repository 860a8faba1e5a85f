"""The gateway's secret key: 32 bytes from the settings, or from a file that is made the first time."""

import hashlib
import secrets
from pathlib import Path

from gateway.config import Config
from gateway.proxy.keeping import made_once

KEY_FILE = Path("var/oddgate.key")


def secret_key(config: Config) -> bytes:
    """Raises OSError."""
    return _derived(config.secret_key.get_secret_value().encode() if config.secret_key else _made_once())


def known_key(config: Config) -> bytes:
    """The same, where there is one already. Raises OSError, also where there is none."""
    return _derived(config.secret_key.get_secret_value().encode() if config.secret_key else KEY_FILE.read_bytes())


def _derived(given: bytes) -> bytes:
    return hashlib.blake2b(given, digest_size=32, person=b"oddgate").digest()


def _made_once() -> bytes:
    return made_once(KEY_FILE, lambda: secrets.token_hex(32).encode())
