"""Records as rows: the columns that are asked about, and the whole record in little room."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.watch.row import Label, Row, UnreadableError, apart, is_newer, pack, parse, unpack
from tests.gateway.watch.records import NOW, feedback, line, record


def test_an_exchange():
    """Its columns are what the record says, and the record is there whole."""
    said = record(7, rules=["pii", "secrets"], tokens={"input": 3, "output": 4})
    row = parse(orjson.dumps(said))
    assert isinstance(row, Row)
    assert row[:7] == (f"req_{7:024x}", NOW + 7, "shop", "chat", "gpt-4o", "default@0123456789ab", "allow")
    assert (row.status, row.rules, row.total_ms, row.input_tokens, row.output_tokens) == (200, ",pii,secrets,", 500.0, 3, 4)
    assert row.cost_usd is None
    assert unpack(row.record) == said


def test_what_it_cost():
    """A number of dollars, where the record says it; what is none makes it no record."""
    assert parse(line(1, cost_usd=0.00012)).cost_usd == 0.00012
    with pytest.raises(UnreadableError):
        parse(line(1, cost_usd="inf"))


def test_what_is_said_later():
    """Feedback and reviews are rows of their own."""
    assert parse(feedback(7, "bad", score=0.5)) == Label(f"req_{7:024x}", "shop", "feedback", "answer", NOW, "bad", 0.5)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'"text"', b"{}", b'{"request_id": 7, "ts": 1, "decision": "allow"}', b"\xff\xfe"],
)
def test_no_record(content: bytes):
    """What is no record is an error, which has nothing of it."""
    with pytest.raises(UnreadableError) as caught:
        parse(content)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 30


@pytest.mark.parametrize(
    "fields",
    [
        {"tokens": {"input": 2**63}},
        {"tokens": {"output": -1}},
        {"tokens": {"output": 1e300}},
        {"status": 2**31},
        {"ts": "nan"},
        {"ts": "inf"},
        {"timings_ms": {"total": "-inf"}},
    ],
)
def test_numbers_that_no_store_takes(fields: dict):
    """A record with one is none: it would hold up all that come after it."""
    with pytest.raises(UnreadableError):
        parse(line(1, **fields))


def test_the_largest_numbers():
    """They are kept."""
    row = parse(line(1, tokens={"input": 2**63 - 1, "output": 0}, status=2**31 - 1))
    assert isinstance(row, Row)
    assert (row.input_tokens, row.status) == (2**63 - 1, 2**31 - 1)


def test_what_is_far_larger_than_it_looks(monkeypatch: pytest.MonkeyPatch):
    """No more is unpacked than any record has."""
    monkeypatch.setattr("gateway.watch.row._MAX_RECORD", 1000)
    assert unpack(pack({"a": "b" * 900})) == {"a": "b" * 900}
    with pytest.raises(UnreadableError):
        unpack(pack({"a": "b" * 1000}))


def test_a_newer_record():
    """Fields that are not known yet change nothing, and are kept."""
    said = record(1, v=2, sentiment=0.5)
    row = parse(orjson.dumps(said))
    assert isinstance(row, Row)
    assert is_newer(unpack(row.record))
    assert unpack(row.record)["sentiment"] == 0.5
    assert not is_newer(record(1))


def test_its_place_in_the_journal():
    """It is not part of what is kept."""
    assert parse(line(1, chain={"n": 7, "mac": "0" * 32})) == parse(line(1))
    assert parse(orjson.dumps({**orjson.loads(feedback(1, "bad")), "chain": {"n": 8}})) == parse(feedback(1, "bad"))


@pytest.mark.parametrize("kind", ["segment", "checkpoint", "pruned", "measure"])
def test_what_the_journal_says_of_itself(kind: str):
    """There is nothing to keep of it."""
    assert parse(orjson.dumps({"v": 1, "kind": kind, "ts": NOW, "chain": {"n": 1}})) is None


def test_long_names():
    """A name in a column is bounded; the record has it all."""
    row = parse(line(1, app="a" * 5000, rules=[f"r{number}" for number in range(500)]))
    assert isinstance(row, Row)
    assert (len(row.app), row.rules.count(",")) == (128, 65)
    assert len(unpack(row.record)["app"]) == 5000


@given(st.dictionaries(st.text(), st.none() | st.text() | st.integers(-(2**53), 2**53)))
def test_packing(said: dict):
    """What is packed comes out as it was."""
    assert unpack(pack(said)) == said


@pytest.mark.parametrize(
    "packed", [b"", b"\x01", b"\x03", b"\x02abc", b"\x01abc", b"\x03abc", b"\x04abc", pack({})[:-1] + b"x", pack({"a": "b" * 100})[:-8]]
)
def test_what_was_never_packed(packed: bytes):
    """Damage is an error."""
    with pytest.raises(UnreadableError):
        unpack(packed)


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (
            "0178bb06dafb2a83b90ac33586a865072cf0901231f684899ad2626b6b01343420ff",
            {"v": 1, "request_id": "req_1", "decision": "allow", "rules": [], "coverage": {"request": [], "response": []}},
        ),
        ("03787d50ec7553037613c0e56b71063095e92801bd675e0b0041d50605", {"app": "shop", "n": 7}),
    ],
)
def test_what_an_earlier_version_packed(packed: str, said: dict):
    """It is read as it was."""
    assert unpack(bytes.fromhex(packed)) == said


def test_what_is_no_record():
    """Is no record, however well it is packed."""
    for said in ([1], "x"):
        with pytest.raises(UnreadableError):
            unpack(pack(said))  # type: ignore[arg-type]


def test_several_threads():
    """Each packs its own, at the same time."""
    records = [{"app": f"app {number}", "text": "x" * number} for number in range(400)]
    with ThreadPoolExecutor(4) as pool:
        assert [unpack(each) for each in pool.map(pack, records)] == records


def test_room():
    """A row with a finding, all of it, takes less than 600 bytes."""
    finding = {
        "rule": "pii", "kind": "pii.EMAIL_ADDRESS", "place": "messages.0.content", "scope": "user", "start": 9, "end": 32, "score": 0.95,
        "action": "tokenize", "shadow": False, "why": "match", "fingerprint": "6c1f0a2b3c4d5e6f",
    }  # fmt: skip
    row = parse(line(1, rules=["pii"], findings=[finding]))
    assert sum(len(value) if isinstance(value, str | bytes) else 8 for value in row) < 600


@pytest.mark.parametrize("kept", [{"texts": {"input": [], "output": []}}, {"sealed_texts": "AAAA"}])
def test_texts_are_packed_beside(kept: dict):
    """What is kept of an exchange's texts can be taken apart from its record, and is read with it."""
    row = parse(line(1, **kept))
    assert isinstance(row, Row)
    told, texts = apart(row.record)
    assert unpack(told) == record(1)
    assert unpack(texts) == kept
    assert unpack(row.record) == record(1, **kept)
    assert apart(told) == (told, b"")


@pytest.mark.parametrize("damage", [b"\x02", b"\x02\0\0", b"\x02\0\0\0\0", b"\x02\xff\xff\xff\xff\x01", b"\x02\0\0\0\x01\x01\x01"])
def test_texts_that_are_cut_off(damage: bytes):
    """What is no packed record with texts is an error."""
    with pytest.raises(UnreadableError):
        unpack(damage)
