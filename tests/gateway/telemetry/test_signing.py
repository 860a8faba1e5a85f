"""Signed checkpoints."""

import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.telemetry.signing import Signer, signed_bytes

SIGNER = Signer(bytes(32))
SAID = {"v": 1, "kind": "checkpoint", "ts": 1795000000.123456, "n": 3, "heads": [{"segment": "ä", "n": 1}]}


def test_what_is_signed():
    """The signature outlives JSON, another order of the keys, and the line's place in the chain."""
    signed = SIGNER.signed(SAID)
    again = json.loads(json.dumps(dict(reversed(signed.items())), indent=2))
    assert SIGNER.is_signed({**again, "chain": {"n": 4}})


@pytest.mark.parametrize(
    "bad", [{"n": 4}, {"heads": []}, {"more": 1}, {"signature": ""}, {"signature": None}, {"signature": "zz"}, {"signature": "00" * 64}]
)
def test_what_is_not(bad: dict):
    """Any other word, or a signature that is none."""
    assert not SIGNER.is_signed({**SIGNER.signed(SAID), **bad})
    assert not SIGNER.is_signed(SAID)
    assert not Signer(b"x" * 32).is_signed(SIGNER.signed(SAID))


def test_anybody_can_check():
    """With the public key and no code of ours but the form of what is signed."""
    signed = SIGNER.signed(SAID)
    public = load_pem_public_key(SIGNER.public_pem().encode())
    assert isinstance(public, Ed25519PublicKey)
    plain = {name: value for name, value in signed.items() if name != "signature"}
    message = b"oddgate checkpoint 1\n" + json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    assert message == signed_bytes(signed)
    public.verify(bytes.fromhex(signed["signature"]), message)
    with pytest.raises(InvalidSignature):
        public.verify(bytes.fromhex(signed["signature"]), message + b" ")


def test_the_same_key_signs_alike():
    """The key pair hangs on the gateway's key alone."""
    assert (Signer(bytes(32)).key_id, Signer(bytes(32)).public_pem()) == (SIGNER.key_id, SIGNER.public_pem())
    assert Signer(b"x" * 32).key_id != SIGNER.key_id
