"""JSON bytes to values and back: what readers could differ on is refused, what is read survives, and no error repeats the text."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.wire.codec import decode, encode

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.one_of(st.integers(-(10**40), 10**40), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TEXTS, inner, max_size=5)),
)


@given(VALUES, st.booleans())
def test_values_survive(value: object, ensure_ascii: bool):
    """Whatever JSON holds, decoded and encoded again, is the same to any other reader: big integers and floats to their last digit."""
    raw = json.dumps(value, ensure_ascii=ensure_ascii).encode()
    assert decode(raw) == value
    assert _exact(json.loads(encode(decode(raw)))) == _exact(value)


def _exact(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("number", ["0", "-0.0", "18446744073709551615", "18446744073709551616", "-9223372036854775809", "9" * 400])
def test_numbers_at_the_limits(number: str):
    """Numbers beyond what 64 bits hold keep every digit."""
    assert encode(decode(b'{"n":%b}' % number.encode())) == b'{"n":%b}' % number.encode()


@pytest.mark.parametrize(("written", "value"), [("1e308", 1e308), ("1E+5", 1e5), ("5e-324", 5e-324), ("0.1", 0.1)])
def test_floats_keep_their_value(written: str, value: float):
    """A float may be written another way; it is the same float."""
    assert json.loads(encode(decode(written.encode()))) == value
    assert math.isfinite(value)


CANARY = "canary"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"canary": 1, "canary": 2}', "duplicate_key"),
        (b'{"a": {"canary": 1, "c\\u0061nary": 2}}', "duplicate_key"),
        (b'[[{"canary": [], "canary": []}]]', "duplicate_key"),
        (b'{"canary": NaN}', "invalid_json"),
        (b'{"canary": Infinity}', "invalid_json"),
        (b'{"canary": -Infinity}', "invalid_json"),
        (b'{"canary": 01}', "invalid_json"),
        (b'{"canary": .5}', "invalid_json"),
        (b'{"canary": +5}', "invalid_json"),
        (b'{"canary": 0x10}', "invalid_json"),
        (b'{"canary": 1,}', "invalid_json"),
        (b"{'canary': 1}", "invalid_json"),
        (b"canary", "invalid_json"),
        (b'{"canary": 1} {"canary": 2}', "invalid_json"),
        (b'{"canary": 1} // canary', "invalid_json"),
        (b'{"canary"', "invalid_json"),
        (b'"canary', "invalid_json"),
        (b'"canary\n"', "invalid_json"),
        (b'"canary\x00"', "invalid_json"),
        (b'"canary\\x41"', "invalid_json"),
        (b'"canary\\ud800"', "invalid_json"),
        (b'"canary\\ud800\\u0041"', "invalid_json"),
        (b'"canary\xff"', "invalid_json"),
        (b'"canary\xc0\xaf"', "invalid_json"),
        (b'"canary\xed\xa0\x80"', "invalid_json"),
        (b'"canary\xf4\x90\x80\x80"', "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        ("{}".encode("utf-16"), "invalid_json"),
        (b"", "invalid_json"),
        (b" ", "invalid_json"),
        (b"[" * 202 + b"]" * 202, "too_deep"),
        (b'{"canary":' * 300 + b"1" + b"}" * 300, "too_deep"),
        (b"[" * 1_000_000, "too_deep"),
        (b"1" * 100_000, "invalid_json"),
    ],
)  # fmt: skip
def test_what_readers_differ_on_is_refused(raw: bytes, code: str):
    """Each is an error with a stable code that says where, and repeats none of the text."""
    with pytest.raises(BadRequest) as raised:
        decode(raw)
    error = raised.value
    assert error.code == code
    assert CANARY not in f"{error} {error!r} {error.__cause__} {error.message}"
    assert error.__suppress_context__


def test_where():
    """The error names line and column."""
    with pytest.raises(BadRequest, match=r"at line 2 column \d+"):
        decode(b'{"a": 1,\n "b": x}')


def test_nesting_within_the_bound():
    """200 levels are read."""
    assert decode(b"[" * 200 + b"]" * 200)


@given(st.binary(max_size=60))
def test_any_bytes(raw: bytes):
    """Bytes are a value or a BadRequest, never anything else, and a value is what Python's reader makes of them."""
    try:
        value = decode(raw)
    except BadRequest:
        return
    assert value == json.loads(raw)
