"""The links of the journal's chain."""

import json

import pytest

from gateway.telemetry.chain import SEAL_BYTES, START, End, Link, chain_key, ends, is_own, mac_of, read_seal, seal

KEY = chain_key(bytes(32))


@pytest.mark.parametrize("body", [b"{}", b'{"a":1}', '{"a":"ä\\n\\"chain\\"","chain":2}'.encode()])
def test_sealing(body: bytes):
    """A sealed line is the object it was, with one more member, and its seal can be read and held against the key."""
    line, link = seal(KEY, Link(41, START.mac), body)
    assert line.endswith(b"}\n")
    assert json.loads(line) == {**json.loads(body), "chain": {"n": 42, "mac": link.mac}}
    found = read_seal(line)
    assert found.link == link == Link(42, mac_of(KEY, START.mac, found.head))
    assert len(line) - len(body) <= SEAL_BYTES


def test_what_a_seal_hangs_on():
    """The key, the line before, its own number, and its text."""
    made = {
        seal(key, after, body)[1].mac
        for key in (KEY, chain_key(b"x" * 32))
        for after in (START, Link(1, START.mac), Link(0, "1" * 32))
        for body in (b'{"a":1}', b'{"a":2}')
    }
    assert len(made) == 12


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{}\n", b'{"chain":{"n":1,"mac":"00"}}\n', b'{"chain":{"n":1,"mac":"' + b"g" * 32 + b'"}}\n']
)
def test_no_seal(line: bytes):
    """What is not sealed is not taken for it; nor is a line that is not whole."""
    assert read_seal(line) is None
    assert read_seal(seal(KEY, START, b"{}")[0][:-1]) is None


@pytest.mark.parametrize(
    ("line", "own"),
    [
        (b'{"v":1,"kind":"segment","ts":1}', True),
        (b'{"v":1,"kind":"checkpoint","ts":1}', True),
        (b'{"v":1,"kind":"pruned","ts":1}', True),
        (b'{"v":1,"kind":"feedback","ts":1}', False),
        (b'{"v":1,"ts":1,"app":"{\\"v\\":1,\\"kind\\":\\"segment\\""}', False),
        (b"", False),
    ],
)
def test_own_lines(line: bytes, own: bool):
    """They are told by how they begin, so that no text of a record can be taken for one."""
    assert is_own(line) is own


def test_ends():
    """What is written is read; what is no place in a chain is none."""
    end = End("a.jsonl", Link(3, "0" * 32))
    assert ends([end.as_json()]) == [end]
    for bad in (None, 3, "x", {}, [3], [{"segment": "a"}], [{**end.as_json(), "n": "3"}]):
        with pytest.raises(ValueError):
            ends(bad)
