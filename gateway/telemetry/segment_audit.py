"""What is wrong with a segment of the journal: its lines, one after the other, held to their chain.

Each fault is told once, where it is: after a line that does not fit, the chain is taken up again from what that line says of itself, or
would have to say, so that what follows is judged for itself.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from gateway.telemetry.chain import CHECKPOINT, PRUNED, SEGMENT, START, ChainKey, End, Seal, ends, is_own, mac_of, read_seal
from gateway.telemetry.signing import Signer

What = Literal["changed", "removed", "moved", "inserted", "unsealed", "other_key", "signature", "returned"]
_MAX_FAULTS = 100
"""Of a segment, that are listed."""
_MAX_CLAIMS = 1000
_MAX_MACS = 4096
"""That lines may build on. More come only of lines that fit nowhere."""
_REQUEST_ID = re.compile(rb'"request_id":"([\w-]{1,64})"')
_MAC_BYTES = 16


class Fault(NamedTuple):
    """``line`` counts from 1; ``request_id`` is that of the line, as far as one can be read."""

    what: What
    segment: str
    line: int
    request_id: str
    why: str


class Pruned(NamedTuple):
    """Up to this name, but for those that were kept, segments were removed by the journal itself."""

    through: str
    kept: frozenset[str]
    names: frozenset[str] = frozenset()
    """The segments that went then."""

    def covers(self, segment: str) -> bool:
        return segment <= self.through and segment not in self.kept


class SegmentAudit:
    """``feed`` takes whole lines, ``finish`` what is left behind the last one."""

    def __init__(self, name: str, key: ChainKey, signer: Signer) -> None:
        self.name = name
        self.writer = self.found = ""
        """``found``: what the writer found of the newest checkpoint when it began, where this is its first segment."""
        self.lines = self.records = self.checkpoints = self.more_faults = 0
        self.faults: list[Fault] = []
        self.previous: End | None = None
        self.witnessed: dict[str, End] = {}
        """The farthest that was said of each segment."""
        self.pruned: list[Pruned] = []
        self.next = ""
        """The segment that goes on where this one ends."""
        self.has_ended = False
        self.is_torn = False
        self.is_ours = self.is_in_place = True
        self.link = START
        self._key = key
        self._signer = signer
        self._due = 1
        self._claims: dict[int, set[str]] = {}
        self._macs_claimed = 0
        self._suspects: list[tuple[Fault, int | None]] = []
        self._first = 0
        self._macs = bytearray()

    def feed(self, line: bytes, *, is_settled: bool = True) -> None:
        """``is_settled``: what this line says of other segments can be held against what is read of them."""
        self.lines += 1
        if self.lines == 1 and not self._is_begun(line):
            return
        if not self.is_ours:
            return
        seal = read_seal(line)
        if seal and self._fits(seal):
            self._accept(seal, line, is_settled=is_settled)
        else:
            self._suspect(seal, line)

    def pass_over(self, line: bytes, why: str) -> None:
        """One of which only the beginning is given, as it is none of the gateway's."""
        if not self.lines:
            self.feed(line)
        elif self.is_ours:
            self.lines += 1
            self._suspects.append((self._fault("unsealed", line, why), None))
            self._due += 1
            self._bound_suspects()

    def finish(self, rest: bytes) -> None:
        """A line that was cut off is no fault; one whose end was written over is."""
        self._settle(is_resumed=False)
        self.is_torn = bool(rest)
        if not rest or not self.is_ours:
            return
        self.lines += 1
        seal = read_seal(rest[:-1] + b"\n")
        if seal and self._fits(seal):
            self._tell(self._fault("changed", rest, "its end was written over"))

    def mac_at(self, n: int) -> str | None:
        """That of the line with this number, if it is here and in order."""
        place = (n - self._first) * _MAC_BYTES
        mac = self._macs[place : place + _MAC_BYTES] if self._first and place >= 0 else b""
        return mac.hex() if any(mac) else None

    @property
    def reach(self) -> int:
        """The last line's number in its chain, also where that line does not fit."""
        return self._due - 1

    def _is_begun(self, line: bytes) -> bool:
        """Whether the first line says what the chain of this segment goes on from."""
        said = _read(line) if is_own(line) else None
        if said is None or said.get("kind") != SEGMENT:
            self._begin_without(line)
            return False
        self.writer = str(said.get("writer"))[:64]
        self.found = str(said.get("found", ""))[:16]
        if said.get("key") != self._signer.key_id:
            self.is_ours = False
            self._tell(self._fault("other_key", line, "written with another key, by which alone it can be verified"))
            return False
        if said.get("segment") != self.name:
            self.is_in_place = False
            self._tell(self._fault("moved", line, "the segment had another name"))
        try:
            self.previous = ends([said["previous"]])[0] if said.get("previous") else None
        except ValueError:
            self._begin_without(line)
            return False
        after = self.previous.link if self.previous else START
        self._claims = {after.n: {after.mac}}
        self._due = after.n + 1
        return True

    def _begin_without(self, line: bytes) -> None:
        seal = read_seal(line)
        if seal:
            self._tell(self._fault("removed", line, "the line with which the segment began is missing, or was changed"))
            self._due = seal.link.n + 1
            self._claim(seal, seal.link.n)
        else:
            self.is_ours = False
            self._tell(self._fault("unsealed", line, "the segment is not sealed: nothing of it can be verified"))

    def _fits(self, seal: Seal) -> bool:
        """In order, and behind a line that is here or was taken away."""
        before = self._claims.get(seal.link.n - 1, ()) if seal.link.n > self.link.n else ()
        return any(mac_of(self._key, mac, seal.head) == seal.link.mac for mac in before)

    def _accept(self, seal: Seal, line: bytes, *, is_settled: bool) -> None:
        if self._suspects:
            self._settle(is_resumed=seal.link.n == self.link.n + 1)
        link = seal.link
        if not self._first:
            self._first = link.n
        self._macs.extend(bytes((link.n - self._first) * _MAC_BYTES - len(self._macs)))
        self._macs += bytes.fromhex(link.mac)
        self.link, self._due = link, link.n + 1
        self._claims = {n: claims for n, claims in self._claims.items() if n > link.n}
        self._claims.setdefault(link.n, set()).add(link.mac)
        if self._macs_claimed:
            self._macs_claimed = sum(map(len, self._claims.values())) - 1
        self.next, self.has_ended = "", False
        if is_own(line) and (said := _read(line)) and said.get("kind") in (SEGMENT, CHECKPOINT, PRUNED):
            self._note(said, line, is_settled=is_settled)
        else:
            self.records += 1

    def _note(self, said: Mapping[str, Any], line: bytes, *, is_settled: bool) -> None:
        if said["kind"] == SEGMENT and self.lines > 1:
            self._tell(self._fault("moved", line, "another segment begins here"))
        if said["kind"] == PRUNED:
            names = frozenset(map(str, said.get("sizes", ()))) if is_settled else frozenset()
            self.pruned.append(Pruned(str(said.get("through")), frozenset(map(str, said.get("kept", ()))), names))
        if said["kind"] != CHECKPOINT:
            return
        self.checkpoints += 1
        self.has_ended = said.get("why") == "end"
        if not self._signer.is_signed(said):
            self._tell(self._fault("signature", line, "a checkpoint whose signature is wrong"))
        elif is_settled:
            self.next = str(said.get("next", ""))
            for end in ends(said.get("heads", ())):
                before = self.witnessed.get(end.segment, end)
                self.witnessed[end.segment] = max(before, end)

    def _suspect(self, seal: Seal | None, line: bytes) -> None:
        due, n = self._due, seal.link.n if seal else None
        if self._macs_claimed > _MAX_MACS:
            fault = self._fault("unsealed", line, "so many lines before it fit nowhere that it was not looked what they build on")
        elif n == due and self._suspects and self._suspects[-1][1] is None:
            fault = self._fault("changed", line, "it cannot be verified without the line before it")
        elif n is None or n == due:
            fault = self._fault("changed", line, "it is not as it was written")
        elif n > due:
            missing = f"line {due} is" if n == due + 1 else f"lines {due} to {n - 1} are"
            fault = self._fault("removed", line, f"before it, {missing} missing from its chain")
        else:
            fault = self._fault("moved", line, f"it is line {n} of its chain, where {due} was due")
        self._suspects.append((fault, n))
        self._claim(seal, due)
        self._due = max(due + (n is None), (n or 0) + 1)
        self._bound_suspects()

    def _bound_suspects(self) -> None:
        if len(self._suspects) > _MAX_CLAIMS:
            self._settle(is_resumed=False)

    def _claim(self, seal: Seal | None, due: int) -> None:
        """What the line after this one may build on."""
        if seal is None:
            return
        if len(self._claims) > _MAX_CLAIMS or self._macs_claimed > _MAX_MACS:
            self._claims, self._macs_claimed = {self.link.n: {self.link.mac}}, 0
        self._claims.setdefault(seal.link.n, set()).add(seal.link.mac)
        self._claims.setdefault(due, set()).add(seal.link.mac)
        behind = tuple(self._claims.get(seal.link.n - 1, ()))
        self._macs_claimed += 2 + len(behind)
        for before in behind:
            self._claims[seal.link.n].add(mac_of(self._key, before, seal.head))

    def _settle(self, *, is_resumed: bool) -> None:
        """What became of the lines that did not fit, now that one does; ``is_resumed``: right behind the last that did."""
        for fault, n in self._suspects:
            if is_resumed and n is not None and n > self.link.n + 1:
                fault = fault._replace(what="moved", why=f"it is line {n} of its chain, and stands too early")
            elif is_resumed:
                fault = fault._replace(what="inserted", why="the chain goes on without it")
            self._tell(fault)
        self._suspects.clear()

    def _fault(self, what: What, line: bytes, why: str) -> Fault:
        found = _REQUEST_ID.search(line)
        return Fault(what, self.name, self.lines, found[1].decode() if found else "", why)

    def _tell(self, fault: Fault) -> None:
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(fault)
        else:
            self.more_faults += 1


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
