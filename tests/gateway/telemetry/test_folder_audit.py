"""Segments held against what they say of each other. What files can be made of is in ``test_auditing``."""

import orjson
import pytest

from gateway.telemetry.chain import START, End, chain_key, seal
from gateway.telemetry.folder_audit import FolderAudit, Writer
from gateway.telemetry.segment_audit import SegmentAudit
from gateway.telemetry.signing import Signer

SECRET = bytes(32)
KEY, SIGNER = chain_key(SECRET), Signer(SECRET)


def segment(name: str, *bodies: dict, previous: End | None = None, writer: str = "w", rest: bytes = b"") -> SegmentAudit:
    audit, after = SegmentAudit(name, KEY, SIGNER), previous.link if previous else START
    said = {"v": 1, "kind": "segment", "segment": name, "writer": writer, "key": SIGNER.key_id, "previous": previous and previous.as_json()}
    for body in (said, *bodies):
        line, after = seal(KEY, after, orjson.dumps(body))
        audit.feed(line)
    audit.finish(rest)
    return audit


def end(of: SegmentAudit) -> End:
    return End(of.name, of.link)


def checkpoint(why: str = "interval", **said: object) -> dict:
    return SIGNER.signed({"v": 1, "kind": "checkpoint", "why": why, "heads": [], **said})


def report(*segments: SegmentAudit, known: tuple[End, ...] = (), **options: set[str]) -> list[tuple[str, str, int]]:
    audit = FolderAudit(**options)
    for each in segments:
        audit.add(each)
    return [(fault.what, fault.segment, fault.line) for fault in audit.report(known).faults]


A = segment("a", {"n": 1}, checkpoint("rotation", next="b"))
B = segment("b", {"n": 2}, previous=end(A))
C = segment("c", checkpoint("start", heads=[end(A).as_json(), end(B).as_json()]), writer="x")


def test_a_good_journal():
    """Whatever they say of each other holds."""
    assert report(A, B, C, known=(end(B), end(C))) == []


@pytest.mark.parametrize("missing", ["a", "b"])
def test_a_missing_segment(missing: str):
    """It is named once, whoever says that it was there."""
    assert report(*(each for each in (A, B, C) if each.name != missing)) == [("removed", missing, 0)]


@pytest.mark.parametrize("missing", ["a", "b"])
def test_a_segment_that_may_be_missing(missing: str):
    """It went while the journal was read, or was pruned: this one or a younger one, unless it was kept."""
    there = [each for each in (A, B, C) if each.name != missing]
    assert report(*there, gone={missing}) == []
    for through, kept, is_good in (("b", [], True), ("bb", [], True), ("b", [missing], False), ("0", [], False)):
        pruning = segment("d", {"v": 1, "kind": "pruned", "through": through, "kept": kept}, writer="y")
        assert (report(*there, pruning) == []) is is_good


def test_a_segment_that_ends_too_early():
    """Others say that it was longer; the farthest word counts, and is told once."""
    longer = segment("a", {"n": 1}, checkpoint("rotation", next="b"), {"n": 2}, {"n": 3})
    assert report(A, known=(end(longer),)) == [("removed", "a", 3), ("removed", "b", 0)]
    assert report(A, B, C, known=(end(longer),)) == [("removed", "a", 3)]


def test_a_segment_that_goes_on_too_long():
    """It says more than what follows it in the chain knows of."""
    longer = segment("a", {"n": 1}, checkpoint("rotation", next="b"), {"n": 3})
    assert report(longer, B) == [("inserted", "a", 4)]


def test_another_chain():
    """Of the same length, with the same key."""
    other = segment("a", {"n": 7}, checkpoint("rotation", next="b"))
    assert report(other, known=(end(A),)) == [("changed", "a", 0), ("removed", "b", 0)]


def test_writers():
    """Who ended in order, who still writes, and who broke off, with a torn line or without."""
    audit = FolderAudit(running={"d", "e"})
    ended = segment("c", checkpoint("end"), writer="x")
    for each in (A, B, ended, segment("d", writer="y", rest=b"{"), segment("e", writer="z"), segment("f", writer="v", rest=b"{")):
        audit.add(each)
    assert audit.report().writers == [
        Writer("w", "broken off", "b", 2, False),
        Writer("x", "ended", "c", 2, False),
        Writer("y", "running", "d", 2, False),
        Writer("z", "running", "e", 1, False),
        Writer("v", "broken off", "f", 2, True),
    ]
