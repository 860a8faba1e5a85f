"""The gateway's secret key: 32 bytes from the settings, or from a file that is made the first time."""

import hashlib
import os
import secrets
from pathlib import Path

from gateway.config import Config

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
    KEY_FILE.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return KEY_FILE.read_bytes()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    return KEY_FILE.read_bytes()
