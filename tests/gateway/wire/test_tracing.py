"""Trace contexts: what is well-formed is taken over, what is not is as if it had not been sent, and nothing goes on that could be prose."""

import re
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.tracing import NO_TRACE, Headers, Trace, begin, new_span_id, read_baggage, read_parent, read_state

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{PARENT}-01"


def chance(size: int) -> bytes:
    return bytes(range(1, size + 1))


def begun(*headers: tuple[str, str]) -> Trace:
    first = {name.lower(): value for name, value in reversed(headers)}
    return begin(first, lambda: headers, chance)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (GOOD, (TRACE, PARENT, 1)),
        (f" {GOOD}\t", (TRACE, PARENT, 1)),
        (f"00-{TRACE}-{PARENT}-00", (TRACE, PARENT, 0)),
        (f"00-{TRACE}-{PARENT}-ff", (TRACE, PARENT, 3)),
        (f"cc-{TRACE}-{PARENT}-01-what-a-later-version-has", (TRACE, PARENT, 1)),
        (f"cc-{TRACE}-{PARENT}-01", (TRACE, PARENT, 1)),
        (f"cc-{TRACE}-{PARENT}-01.more", None),
        (f"00-{TRACE}-{PARENT}-01-more", None),
        (f"ff-{TRACE}-{PARENT}-01", None),
        (f"00-{'0' * 32}-{PARENT}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{PARENT}-01", None),
        (f"00-{TRACE[:-1]}-{PARENT}-01", None),
        (f"00-{TRACE}-{PARENT}-1", None),
        (f"00-{TRACE}-{PARENT}", None),
        (f"0-{TRACE}-{PARENT}-01", None),
        (f"{GOOD}\n", None),
        ("", None),
        ("00-１２３", None),
    ],
)
def test_parents(value: str, expected: tuple[str, str, int] | None):
    """The form of the specification, and nothing else."""
    assert read_parent([value]) == expected


def test_two_parents():
    """Whose trace it is cannot be told."""
    assert read_parent([GOOD, GOOD]) is None
    assert read_parent([]) is None


@pytest.mark.parametrize(
    "value",
    [
        f"00-{'4111111111111111' * 2}-{PARENT}-01",
        f"00-{b'Anna owes me 5 k'.hex()}-{PARENT}-01",
        f"00-{TRACE}-4111111111111111-01",
        f"00-{b'Anna owes me'.hex():0<32}-{PARENT}-01",
        f"00-{b'Anna owes me'.hex():0>32}-{PARENT}-01",
        f"00-{'Anna Mil'.encode('utf-16-le').hex()}-{PARENT}-01",
        f"00-{TRACE}-{b'Anna Mil'.hex()}-01",
        f"00-{TRACE}-{b'Anna'.hex():0<16}-01",
    ],
)
def test_ids_that_are_none(value: str):
    """A number of somebody's and a text in hexadecimal begin another trace."""
    assert read_parent([value]) is None


@pytest.mark.parametrize("value", [f"00-{'0' * 16}{PARENT}-{PARENT}-01", f"00-{TRACE}-{41:016x}-01", f"00-{TRACE}-000000000000004a-01"])
def test_ids_that_are_short(value: str):
    """Ids of 64 bits, filled up, and numbers that count are ids."""
    assert read_parent([value]) is not None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"], "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        (["a=1", "b=2 , ,c=3"], "a=1,b=2,c=3"),
        (["dd=s:2;o:rum;t.dm:-4,fw529a3039@dt=FfffffffF;0;1"], "dd=s:2;o:rum;t.dm:-4,fw529a3039@dt=FfffffffF;0;1"),
        (["a=1,prose=Anna owes me money,b=2"], "a=1,b=2"),
        (["a=1,card=4111;1111;1111;1111"], "a=1"),
        (["a=1,text=QW5uYSBNaWxsZXIgb3dlcyBtZSBtb25leQ"], "a=1"),
        (["a=1,empty="], "a=1"),
        (["a=1,a=2"], ""),
        (["a"], ""),
        (["A=1"], ""),
        (["a=1=2"], ""),
        ([",".join(f"k{number}=1" for number in range(33))], ""),
        ([], ""),
    ],
)
def test_states(values: list[str], expected: str):
    """Members in their order; one that could be prose goes nowhere, and a list that is none goes nowhere as a whole."""
    assert read_state(values) == expected


def test_long_states():
    """Beyond 512 characters, long members go first, and then those at the end."""
    short = [f"k{number:02}=abcdefghijklmnopqrstuvwxyz" for number in range(20)]
    found = read_state([",".join(["long=" + "abcdefgh." * 20, *short])])
    assert found == ",".join(short[: len(found.split(","))])
    assert 480 < len(found) <= 512
    assert read_state(["long=" + "abcdefgh." * 20]) != ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["tenant=shop,tier=gold"], "tenant=shop,tier=gold"),
        (["a=1", "b=2"], "a=1,b=2"),
        (["a=1;secret;ttl=30 , b=2"], "a=1;secret;ttl=30,b=2"),
        (["a="], "a="),
        (["a=1,user=Anna Miller"], ""),
        (["user=Anna%20Miller"], ""),
        (["mail=anna@example.org"], ""),
        (["card=4111111111111111"], ""),
        (["a=1;note=a b"], ""),
        (["a"], ""),
        (["=1"], ""),
        (["a=b=c"], ""),
        ([",".join(f"k{number}=1" for number in range(65))], ""),
        (["a=" + ",a=".join(["abcdefgh." * 28] * 40)], ""),
        ([], ""),
    ],
)
def test_baggage(values: list[str], expected: str):
    """All of it goes on, or nothing."""
    assert read_baggage(values) == expected


def test_taking_over():
    """The caller's trace goes on with a span of the gateway's own; a call below it has another, and everything else as it was."""
    trace = begun(("TraceParent", GOOD), ("tracestate", "a=1"), ("Tracestate", "b=2"), ("baggage", "tenant=shop"))
    assert trace == Trace(TRACE, "0102030405060708", PARENT, 1, "a=1,b=2", "tenant=shop")
    assert trace.headers("f" * 16) == [
        ("traceparent", f"00-{TRACE}-{'f' * 16}-01"),
        ("tracestate", "a=1,b=2"),
        ("baggage", "tenant=shop"),
    ]


@pytest.mark.parametrize(
    "headers", [(), (("traceparent", "no"), ("tracestate", "a=1")), (("traceparent", GOOD),) * 2, (("tracestate", "a=1"),)]
)
def test_a_new_trace(headers: Headers):
    """Where no caller's can be taken over there is one of our own, without anybody's state."""
    trace = begun(*headers)
    assert trace == Trace(chance(24).hex()[:32], chance(24).hex()[32:])
    assert trace.headers("f" * 16) == [("traceparent", f"00-{trace.trace_id}-{'f' * 16}-01")]


def test_children():
    """An exchange that belongs to another is in its trace, below it."""
    trace = begun(("traceparent", GOOD))
    assert trace.child("e" * 16) == Trace(TRACE, "e" * 16, trace.span_id, 1)
    assert NO_TRACE.child("e" * 16).trace_id == ""


def test_span_ids():
    """Each of its own, of eight bytes."""
    numbers = count(1)
    ids = [new_span_id(lambda size: next(numbers).to_bytes(size, "big")) for _ in range(2)]
    assert ids == ["0000000000000001", "0000000000000002"]


_HEADER = st.text(st.characters(max_codepoint=0x17F), max_size=80)


@given(st.lists(_HEADER, max_size=3), st.lists(_HEADER | st.just(GOOD), max_size=2), st.lists(_HEADER, max_size=3))
def test_whatever_is_sent(states: list[str], parents: list[str], baggage: list[str]):
    """What goes on is well-formed and has neither a space nor a character beyond ASCII in it."""
    sent = (("tracestate", states), ("traceparent", parents), ("baggage", baggage))
    headers = [(name, value) for name, values in sent for value in values]
    for name, value in begun(*headers).headers("f" * 16):
        assert re.fullmatch(r"[!-~]{1,8192}", value), name
