"""Media: what is sealed, and what of their data is text that has to be read."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.memo import Memo
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.tokens import Tokens
from gateway.wire import jsontext
from gateway.wire.media import is_data, is_sealed, medium_of, readable, text_of
from gateway.wire.model import Call, Form, Json, Kind
from gateway.wire.openai.chat import ChatCompletions
from tests.support.guards import KEY, MAILS, plan, policy, rule

PROSE = "write to anna.kovacs@example.org, please"
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256))).decode()


def coded(text: str, coding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(coding)).decode()


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "image_url"}, Kind.IMAGE), ({"type": "input_audio"}, Kind.AUDIO), ({"type": "input_file"}, Kind.FILE),
        ({"image_url": "https://example.org"}, Kind.IMAGE), ({"image_url": {}}, None), ({"type": "text", "image_url": "x"}, None),
        ({"type": ["image"]}, None), ({"type": None}, None), ({}, None),
    ],
)  # fmt: skip
def test_media(part: Json, kind: Kind | None):
    """A part is what its type says; one that says nothing is a picture if it has a picture's address."""
    assert medium_of(part) is kind


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("data", PROSE, True), ("file_data", PROSE, True), ("url", "data:x", True), ("image_url", "DATA:x", True),
        ("url", "https://example.org/data:", False), ("text", "data:x", False), ("data", ["x"], False), (0, "data:x", False),
    ],
)  # fmt: skip
def test_a_mediums_own_data(key: str | int, value: Json, expected: bool):
    """By the key; an address only if the data is in it."""
    assert is_data(key, value) is expected


@pytest.mark.parametrize(
    "data",
    [
        "",
        PICTURE,
        f"data:image/png;base64,{PICTURE}",
        f"DATA:application/pdf;charset=binary;base64,{PICTURE}",
        "AAAA",
        "data:image/png;base64,QUJD",
        f"{PICTURE[:76]}\n{PICTURE[76:]}",
        f"{PICTURE}\n",
        PICTURE.rstrip("="),
        base64.b64encode(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256))).decode(),
    ],
)
def test_sealed_data(data: str):
    """Base64 of bytes that are no text, in a data URL or by itself."""
    assert readable(data) is None


@pytest.mark.parametrize(
    "data",
    [
        PROSE,
        f"data:text/plain,{PROSE}",
        "data:text/plain;charset=utf-8,my%20card%20is%204111",
        "data:,x",
        f"data:image/png;base64,{PROSE}",
        f"data:image/png;base64,{PICTURE} {PROSE}",
        f"data:image/png;base64,{PICTURE}!",
        "4111111111111111",
        "4111111111111111" * 4,
        f"{PICTURE[:40]}/4111111111111111/{PICTURE[:40]}",
        "https://example.org/a.png?for=anna",
        "AAAAAAAAAAAA",
        "ask Anna",
        "anna kovacs of main street in budapest says hello to everybody",
        f"{PICTURE[:76]} {PICTURE[:75]} {PICTURE[:76]}",
        f"data:image/png;name=anna.kovacs@example.org;base64,{PICTURE}",
        f"data:image/4111111111111111;base64,{PICTURE}",
    ],
)
def test_what_is_read_as_it_stands(data: str):
    """Data that is not in base64, that is too short to be a medium, or that has a number in it as only a text has."""
    assert readable(data) == (data, Form.TEXT, None)


@pytest.mark.parametrize(
    ("head", "payload"),
    [
        ("", coded(PROSE)),
        ("", coded(PROSE).rstrip("=")),
        ("", base64.urlsafe_b64encode(b"??>>~~" + PROSE.encode()).decode()),
        ("data:text/plain;base64,", coded(PROSE)),
        ("data:;base64,", coded(PROSE)),
        ("data:image/png;charset=utf-8;base64,", coded(PROSE)),
        ("", coded(PROSE, "utf-16")),
        ("", coded(PROSE * 200)),
        ("data:text/csv;base64,", coded(PROSE + "é", "latin-1")),
        ("data:text/csv;base64,", coded(f"\x00{PROSE}")),
    ],
)
def test_text_in_base64(head: str, payload: str):
    """It is read as what it says, whatever it is said to be; an edit is written back in base64, and the head of a data URL stays."""
    read = readable(head + payload)
    assert read
    assert PROSE in read.text
    assert (read.form, bool(read.leaf)) == (Form.BASE64, True)
    assert read.leaf
    written = jsontext.rewrite(head + payload, [(read.leaf, "write to <EMAIL_ADDRESS_x>")])
    assert written == head + coded("write to <EMAIL_ADDRESS_x>")


def test_a_type_that_is_said_beside_the_data():
    """Bytes that are said to be text are read as such; an office document, whose type has ``xml`` in it, is none."""
    data = base64.b64encode(b"\xe9\x01" * 40).decode()
    for kind in ("text/plain", "application/json", "application/ld+json; charset=utf-8", "image/svg+xml"):
        assert readable(data, kind)
    for kind in ("", "application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"):
        assert readable(data, kind) is None


def test_an_edit_of_a_file():
    """A rule's edit of a text in base64 goes to the endpoint in base64, and everything around it as it came."""
    part = {"type": "file", "file": {"filename": "notes.txt", "file_data": f"data:text/plain;base64,{coded('mail a@b.c now')}"}}
    body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
    request = ChatCompletions().parse_request(json.dumps(body).encode(), Call())
    rules, tokens = plan(policy(rule("mails", "tokenize", scope=["user"])), (MAILS,)), Tokens(KEY, "app")
    guard = RequestGuard(rules, request, Memos(Memo(KEY, 1 << 16), Memo(KEY, 1 << 16)), tokens, "app")
    guard.needs()
    for _ in guard.scan():
        pass
    guard.verdict()
    said = f"mail {tokens.issue('EMAIL_ADDRESS', 'a@b.c', restore=True)} now"
    part["file"]["file_data"] = f"data:text/plain;base64,{coded(said)}"
    assert json.loads(guard.body()) == body


@given(st.text(min_size=7))
def test_what_is_text_is_read(text: str):
    """No text that is said to be one, and is longer than a word, is ever taken for sealed."""
    read = readable(f"data:text/plain;base64,{coded(text.encode('utf-8', 'replace').decode())}")
    assert read is not None


@given(st.binary(), st.booleans())
def test_bytes(data: bytes, is_said: bool):
    """Bytes have a text if they are said to be one, and never fail."""
    text = text_of(data, is_said=is_said)
    assert text is not None or not is_said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gAAAAAB" * 8 + "==", True),
        (PICTURE, True),
        (PICTURE.replace("/", "_").replace("+", "-"), True),
        ("short", False),
        (PROSE, False),
        (coded(PROSE), False),
        (json.dumps(PICTURE), False),
        (f"{PICTURE[:40]}_536-90-4399_{PICTURE[:40]}", False),
    ],
)
def test_what_looks_sealed(text: str, expected: bool):
    """Bytes in base64, enough of them, and no text."""
    assert is_sealed(text) is expected
