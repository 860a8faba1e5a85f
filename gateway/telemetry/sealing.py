"""Texts at rest: sealed with a key of their own, which only whoever may read them has besides the gateway.

AES-256-GCM; the id of the exchange is authenticated with it, so that a text cannot be passed off as another exchange's.
"""

import base64
from collections.abc import Callable
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"oddgate texts 1"
_NONCE_BYTES = 12


class SealError(Exception):
    """It cannot be opened. It has nothing of what is sealed."""


class Sealer:
    """``key`` is the settings' secret; ``chance`` gives so many random bytes."""

    def __init__(self, key: bytes, chance: Callable[[int], bytes]) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, None, _PURPOSE).derive(key))
        self._chance = chance

    def seal(self, content: bytes, request_id: str) -> str:
        nonce = self._chance(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, content, request_id.encode())).decode()

    def open(self, sealed: str, request_id: str) -> Any:  # noqa: ANN401 what was sealed
        """The JSON that was sealed. Raises ``SealError``."""
        try:
            data = base64.b64decode(sealed, validate=True)
            return orjson.loads(self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], request_id.encode()))
        except (InvalidTag, ValueError, TypeError):
            raise SealError("sealed with another key, or changed since") from None
