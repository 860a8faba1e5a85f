"""The journal's hash chain: each line ends in its number and a keyed hash over the line before and itself.

    {"v":1,"ts":…,"chain":{"n":5,"mac":"0f3c…"}}

Whoever has not the key can make no line that fits, and whoever changes, removes, inserts or moves one breaks the chain there. A chain is
one writer's, over all of its segments. Besides records it holds lines of its own, told by their ``kind``: ``segment`` begins each segment
and says where the chain was before, ``checkpoint`` is a signed word on how far all chains of the folder are (``signing``), ``pruned`` says
which segments are about to be removed.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

SEGMENT, CHECKPOINT, PRUNED = "segment", "checkpoint", "pruned"
SEAL_BYTES = 80
"""No line's seal is longer."""

_SEAL = re.compile(rb'"chain":\{"n":([0-9]{1,19}),"mac":"([0-9a-f]{32})"\}\}\n\Z')
_MAC_AND_END = 36
_OWN = tuple([f'{{"v":1,"kind":"{kind}"'.encode() for kind in (SEGMENT, CHECKPOINT, PRUNED)])


ChainKey = hashlib.blake2b
"""A hash that has taken the key already: it is copied for each line, at half the cost."""


class Link(NamedTuple):
    """How far a chain is: the number of its last line, and that line's hash."""

    n: int
    mac: str


START = Link(0, "0" * 32)


class Seal(NamedTuple):
    """What a line says of itself. ``head`` is all of it that its hash covers."""

    link: Link
    head: bytes


class End(NamedTuple):
    """Where the chain is at the end of a segment."""

    segment: str
    link: Link

    def as_json(self) -> dict[str, Any]:
        return {"segment": self.segment, "n": self.link.n, "mac": self.link.mac}


def chain_key(secret: bytes) -> ChainKey:
    """From the gateway's own key."""
    key = hashlib.blake2b(key=secret, digest_size=32, person=b"audit chain").digest()
    return hashlib.blake2b(key=key, digest_size=16)


def seal(key: ChainKey, after: Link, body: bytes) -> tuple[bytes, Link]:
    """A JSON object as the next line, and the link that it makes."""
    comma = b"," if len(body) > len(b"{}") else b""
    head = b'%b%b"chain":{"n":%d,"mac":"' % (body[:-1], comma, after.n + 1)
    link = Link(after.n + 1, mac_of(key, after.mac, head))
    return b'%b%b"}}\n' % (head, link.mac.encode()), link


def mac_of(key: ChainKey, before: str, head: bytes) -> str:
    taken = key.copy()
    taken.update(before.encode() + head)
    return taken.hexdigest()


def read_seal(line: bytes) -> Seal | None:
    """None where the line has none that is whole. Whether it fits is for ``mac_of`` to say."""
    found = _SEAL.search(line, max(0, len(line) - SEAL_BYTES))
    return Seal(Link(int(found[1]), found[2].decode()), line[:-_MAC_AND_END]) if found else None


def is_own(line: bytes) -> bool:
    """Whether the chain has written a line for itself, as the line's beginning says."""
    return line.startswith(_OWN)


def ends(said: object) -> list[End]:
    """Those of ``End.as_json``. Raises ValueError."""
    if not isinstance(said, Iterable) or isinstance(said, str | bytes | Mapping):
        raise ValueError("no list")  # noqa: TRY004 - what was read is wrong, not who reads it
    return [_end(each) for each in said]


def _end(said: object) -> End:
    match said:
        case {"segment": str(segment), "n": int(n), "mac": str(mac)}:
            return End(segment, Link(n, mac))
    raise ValueError("not where a chain is")
