"""Signed words of the gateway's: checkpoints, whose Ed25519 signature anybody can check who has the public key.

The private key is derived from the gateway's own key, so there is one secret to keep, and gateways that share it sign alike.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PURPOSE = b"oddgate checkpoint 1\n"
_UNSIGNED = ("signature", "chain")


class Signer:
    def __init__(self, secret: bytes) -> None:
        seed = hashlib.blake2b(key=secret, digest_size=32, person=b"audit signature").digest()
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._private.public_key()
        raw = self._public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = hashlib.blake2b(raw, digest_size=8).hexdigest()

    def public_pem(self) -> str:
        return self._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def signed(self, said: Mapping[str, Any]) -> dict[str, Any]:
        return {**said, "signature": self._private.sign(signed_bytes(said)).hex()}

    def is_signed(self, said: Mapping[str, Any]) -> bool:
        try:
            self._public.verify(bytes.fromhex(said["signature"]), signed_bytes(said))
        except (InvalidSignature, KeyError, TypeError, ValueError):
            return False
        return True


def signed_bytes(said: Mapping[str, Any]) -> bytes:
    """A line that says what it is for, and the JSON without its signature and its place in the chain: compact, keys sorted, in ASCII."""
    plain = {name: value for name, value in said.items() if name not in _UNSIGNED}
    return _PURPOSE + json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
