"""Text in base64 and hexadecimal digits."""

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.encoded import MIN_RUN, encoded

VALUE = "john.doe@example.com"
PLAIN = b64encode(VALUE.encode()).decode()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        (PLAIN, 0, len(PLAIN)),
        (f"({PLAIN})", 1, 1 + len(PLAIN)),
        (f"id={PLAIN}&x", 3, 3 + len(PLAIN)),
        (f"path/{PLAIN}", 5, 5 + len(PLAIN)),
        (f"to-{PLAIN}", 3, 3 + len(PLAIN)),
        (PLAIN.rstrip("="), 0, len(PLAIN.rstrip("="))),
        (VALUE.encode().hex(), 0, 40),
        (f"0x{VALUE.encode().hex().upper()}", 0, 42),
        (VALUE.encode().hex(":"), 0, 59),
        (f"({VALUE.encode().hex('-')})", 1, 60),
        (VALUE.encode("utf-16-le").hex(), 0, 80),
        (b64encode(VALUE.encode("utf-16-le")).decode(), 0, 56),
        (b64encode(VALUE.encode("utf-16-be")).decode(), 0, 56),
        (b64encode(VALUE.encode("utf-16")).decode(), 0, 56),
    ],
)
def test_runs(text: str, start: int, end: int):
    """A run is found in what stands around it, to its last padding, in either alphabet."""
    assert encoded(text) == [(start, end, VALUE)]


@pytest.mark.parametrize(
    "text",
    [
        "internationalisation",
        "getElementByIdentifier",
        "550e8400-e29b-41d4-a716-446655440000",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "4111111111111111",
        b64encode(bytes(range(120, 200))).decode(),
        b64encode(b"short").decode(),
        b64encode(bytes(range(1, 40))).decode(),
        bytes(range(100, 120, 3)).hex(":"),
        "da:39:a3:ee:5e:6b:4b:0d:32:55:bf:ef:95:60:18:90:af:d8:07:09",
    ],
)
def test_what_only_looks_like_it(text: str):
    """Words, names, numbers, digests and binary data are not text in disguise."""
    assert encoded(text) == []


@pytest.mark.parametrize("said", [f"\1{VALUE}", f"{VALUE}\0", f"\n\x14{VALUE}"])
def test_few_control_characters(said: str):
    """Text among a length or an end of it is text."""
    assert any(VALUE in read for _, _, read in encoded(b64encode(said.encode()).decode()))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc", "Zs", "Cf"]), min_size=10, max_size=60))
def test_every_text_is_read(value: str):
    """Whatever is printable comes back from each encoding, from a run of ``MIN_RUN`` characters on."""
    data = value.encode()
    for run in (b64encode(data).decode(), urlsafe_b64encode(data).decode().rstrip("=")):
        if len(run.rstrip("=")) >= MIN_RUN and any(char.isdigit() or char.isupper() for char in run[1:]):
            assert (0, len(run), value) in encoded(run)
