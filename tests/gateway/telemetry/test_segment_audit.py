"""One segment's lines, held to their chain."""

from collections.abc import Callable

import orjson
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gateway.telemetry import segment_audit as module
from gateway.telemetry.chain import START, End, Link, chain_key, seal
from gateway.telemetry.segment_audit import Pruned, SegmentAudit
from gateway.telemetry.signing import Signer

SECRET = bytes(32)
KEY, SIGNER = chain_key(SECRET), Signer(SECRET)
NAME = "20261122T101500-7-000001.jsonl"
OTHER = End("20261122T101400-7-000001.jsonl", Link(40, "0f" * 16))


def sealed(*bodies: dict, after: Link = START) -> list[bytes]:
    lines = []
    for body in bodies:
        line, after = seal(KEY, after, orjson.dumps(body))
        lines.append(line)
    return lines


def begin(**fields: object) -> dict:
    return {"v": 1, "kind": "segment", "ts": 1, "segment": NAME, "writer": "w", "key": SIGNER.key_id, "previous": None, **fields}


def record(number: int) -> dict:
    return {"v": 1, "ts": number, "request_id": f"req_{number}", "text": "some text"}


SEGMENT = sealed(begin(), *map(record, range(2, 9)))


def audited(content: bytes) -> SegmentAudit:
    audit = SegmentAudit(NAME, KEY, SIGNER)
    *lines, rest = content.split(b"\n")
    for line in lines:
        audit.feed(line + b"\n")
    audit.finish(rest)
    return audit


def faults(*lines: bytes) -> list[tuple[str, int, str]]:
    return [(fault.what, fault.line, fault.request_id) for fault in audited(b"".join(lines)).faults]


def test_a_whole_segment():
    """Nothing is found, and it is told how far its chain goes."""
    audit = audited(b"".join(SEGMENT))
    assert (audit.faults, audit.lines, audit.records, audit.link.n, audit.reach, audit.writer) == ([], 8, 7, 8, 8, "w")
    assert [audit.mac_at(n) is not None for n in (0, 1, 8, 9)] == [False, True, True, False]
    assert audit.mac_at(8) == audit.link.mac


def test_a_segment_in_the_middle():
    """It goes on from where another one was."""
    audit = audited(b"".join(sealed(begin(previous=OTHER.as_json()), record(2), after=OTHER.link)))
    assert (audit.faults, audit.previous, audit.reach) == ([], OTHER, 42)


TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], list[tuple[str, int, str]]]] = {
    "changed": (lambda s: [*s[:4], s[4].replace(b"some", b"none"), *s[5:]], [("changed", 5, "req_5")]),
    "changed, the last one": (lambda s: [*s[:7], s[7].replace(b"some", b"none")], [("changed", 8, "req_8")]),
    "changed, two in a row": (
        lambda s: [*s[:4], s[4].replace(b"some", b"none"), s[5].replace(b"some", b"none"), *s[6:]],
        [("changed", 5, "req_5"), ("changed", 6, "req_6")],
    ),
    "its hash changed": (lambda s: [*s[:4], s[4][:-10] + b"000000" + s[4][-4:], *s[5:]], [("changed", 5, "req_5")]),
    "its seal gone": (lambda s: [*s[:4], b'{"request_id":"req_5"}\n', *s[5:]], [("changed", 5, "req_5"), ("changed", 6, "req_6")]),
    "how it begins changed": (lambda s: [s[0].replace(b'"w"', b'"x"'), *s[1:]], [("changed", 1, "")]),
    "how it begins removed": (lambda s: s[1:], [("removed", 1, "req_2")]),
    "removed": (lambda s: [*s[:4], *s[5:]], [("removed", 5, "req_6")]),
    "removed, three": (lambda s: [*s[:3], *s[6:]], [("removed", 4, "req_7")]),
    "removed, two apart": (lambda s: [*s[:2], s[3], s[4], *s[6:]], [("removed", 3, "req_4"), ("removed", 5, "req_7")]),
    "swapped": (lambda s: [*s[:4], s[5], s[4], *s[6:]], [("moved", 5, "req_6")]),
    "moved to the end": (lambda s: [*s[:3], *s[4:], s[3]], [("removed", 4, "req_5"), ("moved", 8, "req_4")]),
    "copied": (lambda s: [*s[:5], s[2], *s[5:]], [("inserted", 6, "req_3")]),
    "inserted": (lambda s: [*s[:5], b'{"request_id":"req_x"}\n', *s[5:]], [("inserted", 6, "req_x")]),
    "inserted with a seal": (lambda s: [*s[:5], s[5].replace(b"some", b"none"), *s[5:]], [("inserted", 6, "req_6")]),
    "an empty line": (lambda s: [*s[:5], b"\n", *s[5:]], [("inserted", 6, "")]),
    "reversed": (lambda s: [s[0], *s[:0:-1]], [("moved", line, f"req_{10 - line}") for line in range(2, 8)]),
    "from another chain": (
        lambda s: [*s[:4], sealed(*map(record, range(1, 6)))[4], *s[5:]],
        [("changed", 5, "req_5")],
    ),
    "not sealed at all": (lambda s: [b'{"v":1,"request_id":"req_1"}\n'] * 3, [("unsealed", 1, "req_1")]),
    "another name": (lambda s: sealed(begin(segment=OTHER.segment), record(2)), [("moved", 1, "")]),
    "a beginning that goes on from nowhere": (lambda s: sealed(begin(previous={"n": 0}), record(2)), [("removed", 1, "")]),
    "another key": (lambda s: sealed(begin(key="0"), record(2)), [("other_key", 1, "")]),
    "a checkpoint with a wrong signature": (
        lambda s: sealed(begin(), {"v": 1, "kind": "checkpoint", "signature": "00" * 64}),
        [("signature", 2, "")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering(name: str):
    """Each thing that was done is named once, by the line where it shows and its request id."""
    tamper, found = TAMPERED[name]
    assert faults(*tamper(SEGMENT)) == found


def test_another_key():
    """What was sealed with another key fits nowhere."""
    lines, after = [], START
    for body in (begin(), record(2)):
        line, after = seal(chain_key(b"x" * 32), after, orjson.dumps(body))
        lines.append(line)
    assert [what for what, _, _ in faults(*lines)] == ["changed", "changed"]


def test_a_long_segment_of_another_key():
    """Each line is a fault, in bounded memory."""
    lines, after = [], START
    for number in range(3000):
        line, after = seal(chain_key(b"x" * 32), after, orjson.dumps(record(number) if number else begin()))
        lines.append(line)
    audit = audited(b"".join(lines))
    assert (len(audit.faults) + audit.more_faults, audit.records) == (3000, 0)
    assert len(audit._claims) <= 1002


@given(st.data())
def test_any_byte(data: st.DataObject):
    """There is no byte of any line that can be another one."""
    content = b"".join(SEGMENT)
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    assume(content[at] != byte)
    assert audited(content[:at] + bytes([byte]) + content[at + 1 :]).faults


@given(st.permutations(range(8)), st.integers(1, 8))
@example(list(range(8)), 8)
def test_any_order(order: list[int], number: int):
    """Of all ways of arranging any of the lines, only such are good as are the beginning of the chain."""
    chosen = order[:number]
    assert (faults(*(SEGMENT[each] for each in chosen)) == []) is (chosen == list(range(number)))


@given(st.data())
def test_a_torn_end(data: st.DataObject):
    """Where it was cut off in the middle of a line is no tampering: a process that is killed does that. The whole lines still count."""
    content = b"".join(SEGMENT)
    audit = audited(content[: data.draw(st.integers(0, len(content)))])
    assert audit.faults == []
    assert audit.is_torn or audit.reach in range(9)


def test_an_end_that_was_written_over():
    """That is no torn line."""
    assert faults(b"".join(SEGMENT)[:-1] + b" ") == [("changed", 8, "req_8")]


def test_checkpoints():
    """What they say of other segments is taken if they are signed, and as far as it can be held against what is read of those."""
    word = SIGNER.signed({"v": 1, "kind": "checkpoint", "why": "end", "heads": [OTHER.as_json()], "next": "b.jsonl"})
    for is_settled in (True, False):
        audit = SegmentAudit(NAME, KEY, SIGNER)
        for line in sealed(begin(), word):
            audit.feed(line, is_settled=is_settled)
        assert (audit.witnessed, audit.next) == (({OTHER.segment: OTHER}, "b.jsonl") if is_settled else ({}, ""))
        assert (audit.checkpoints, audit.records, audit.has_ended) == (1, 0, True)
    audit = audited(b"".join(sealed(begin(), word, record(3))))
    assert (audit.next, audit.has_ended) == ("", False)


def test_pruning():
    """What was pruned is what is older, but for what was kept."""
    audit = audited(b"".join(sealed(begin(), {"v": 1, "kind": "pruned", "through": "c", "kept": ["b"], "sizes": {"a": 7, "c": 9}})))
    assert audit.pruned == [Pruned("c", frozenset("b"), frozenset("ac"))]
    assert [audit.pruned[0].covers(name) for name in "abcd"] == [True, False, True, False]


def test_many_faults():
    """Those beyond the first hundred are counted."""
    audit = audited(SEGMENT[0] + b"{}\n" * 5000)
    assert (len(audit.faults), audit.more_faults) == (100, 4900)


def test_hostile_lines(monkeypatch: pytest.MonkeyPatch):
    """However lines claim to build on each other, the work for one is bounded; what is not looked for is said, and what fits goes on."""
    made = 0
    real = module.mac_of

    def counted(*given: object) -> str:
        nonlocal made
        made += 1
        return real(*given)

    monkeypatch.setattr(module, "mac_of", counted)
    monkeypatch.setattr(module, "_MAX_FAULTS", 5000)
    hostile = [b'{"i":%d,"chain":{"n":%d,"mac":"%032x"}}\n' % (number, 500 + number % 2, number) for number in range(3000)]
    audit = audited(b"".join([*SEGMENT[:4], *hostile, *SEGMENT[4:]]))
    assert made < 200 * len(hostile)
    assert "unsealed" in {fault.what for fault in audit.faults}
    assert (len(audit.faults) + audit.more_faults, audit.records) == (3000, 7)


def test_a_line_without_bound():
    """What is none of the gateway's is passed over, and the chain goes on without it; a segment that begins so is none."""
    audit = SegmentAudit(NAME, KEY, SIGNER)
    for number, line in enumerate(SEGMENT):
        audit.feed(line)
        if number == 3:
            audit.pass_over(b"x" * 50, "too long")
    audit.finish(b"")
    assert [(fault.what, fault.line) for fault in audit.faults] == [("inserted", 5)]
    audit = SegmentAudit(NAME, KEY, SIGNER)
    audit.feed(SEGMENT[0])
    audit.pass_over(b"x" * 50, "too long")
    audit.finish(b"")
    assert [(fault.what, fault.line, fault.why) for fault in audit.faults] == [("unsealed", 2, "too long")]
    audit = SegmentAudit(NAME, KEY, SIGNER)
    audit.pass_over(b"x" * 50, "too long")
    assert [(fault.what, fault.line) for fault in audit.faults] == [("unsealed", 1)]


def test_what_the_writer_found():
    """Its first line says so; one that goes on says nothing."""
    assert audited(b"".join(sealed(begin(found="nothing")))).found == "nothing"
    assert audited(SEGMENT[0]).found == ""
