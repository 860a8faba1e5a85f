"""The guard of an upload: what goes on of a form with a file in it, however its bytes are cut, and what stops it."""

import json
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest, TooLarge
from gateway.guard import upload_steps
from gateway.guard.memo import Memo
from gateway.guard.plan import Plan
from gateway.guard.request import Memos
from gateway.guard.scans import Job
from gateway.guard.tokens import Tokens
from gateway.guard.upload import UploadGuard
from gateway.guard.upload_steps import BlockedError, World
from gateway.telemetry.record import Exchange, render
from gateway.wire.dialect import Dialect
from gateway.wire.file_rows import read_row
from gateway.wire.model import Call, Request
from gateway.wire.routes import routes
from gateway.wire.upload import MAX_ROW_BYTES, MAX_ROWS, Upload
from tests.support.guards import DIGITS, KEY, Names, cut, plan, policy, rule

ROUTES = routes()
REDACT = plan(policy(rule("numbers", "redact")), (DIGITS,))
BLOCK = plan(policy(rule("numbers", "block")), (DIGITS,))
FLAG = plan(policy(rule("numbers", "flag")), (DIGITS,))
TOKENIZE = plan(policy(rule("numbers", "tokenize")), (DIGITS,))
NAMES = plan(policy(rule("people", "redact", stream="sentence")), (Names(),))


def reader(method: str, path: str) -> tuple[Dialect, Call]:
    match = ROUTES.find(method, path)
    return match.dialect, match.call(method, "application/json")


def form(content: bytes, name: str = "x.jsonl", purpose: str = "batch", *, purpose_last: bool = False) -> bytes:
    said = f'--b0\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'.encode()
    head = f'--b0\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'.encode()
    file = head + content + b"\r\n"
    return (file + said if purpose_last else said + file) + b"--b0--\r\n"


class Up:
    """An upload through the guard; ``out`` is what has gone on, also of one that is stopped."""

    def __init__(
        self, plan_: Plan = REDACT, *, others: dict[str, Plan] | None = None, is_part: bool = False, max_rows: int = MAX_ROWS
    ) -> None:
        self.tokens = Tokens(KEY, "app")
        self.asked: list[tuple[str, str]] = []
        self.out = b""

        def plan_of(request: Request) -> Plan:
            self.asked.append((request.surface, request.model))
            return (others or {}).get(request.model, plan_)

        memos = Memos(Memo(KEY, 100_000), Memo(KEY, 100_000))
        world = World(plan_, plan_of, memos, self.tokens, partial(Tokens, KEY, "app"), "app", partial(read_row, reader=reader), max_rows)
        self.guard = UploadGuard(world, Upload("b0", is_part))

    def send(self, pieces: Sequence[bytes]) -> bytes:
        for piece in pieces:
            self._take(self.guard.feed(piece))
        self._take(self.guard.close())
        return self.out

    def _take(self, steps) -> None:
        for step in steps:
            while jobs := step.needs():
                step.settle({job: self._answer(job) for job in jobs})
            list(step.scan())
            self.out += step.finish()

    @staticmethod
    def _answer(job: Job):
        return tuple(Names.scan(unit) for unit in job.units)

    def record(self) -> dict:
        return render(Exchange("r", 0.0, 0.0, request=self.guard.findings))


def chat(text: str, model: str = "m", **extra: object) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return json.dumps({"custom_id": "r", "method": "POST", "url": "/v1/chat/completions", "body": body, **extra})


FILE = "\n".join((chat("hello"), chat("it is 12345678 now"), "", chat("bye", note="x"))) + "\n"
EDITED = FILE.replace(chat("it is 12345678 now"), json.dumps(json.loads(chat("it is [NUMBER] now")), separators=(",", ":")))


def test_rows():
    """An edited row is written anew; every other line, and the form around the file, stays byte for byte."""
    up = Up()
    assert up.send([form(FILE.encode())]) == form(EDITED.encode())
    assert up.asked == [("chat", "m")] * 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2000)))
def test_however_the_bytes_are_cut(places: list[int]):
    """The same goes on, and the same is found."""
    whole = Up()
    whole.send([form(FILE.encode())])
    pieces = [piece.encode("latin-1") for piece in cut(form(FILE.encode()).decode("latin-1"), places)]
    up = Up()
    assert up.send(pieces) == form(EDITED.encode())
    assert up.record() == whole.record()


def test_the_record():
    """It says where something was found, by line; what was covered, by scope; and what became of the rows."""
    up = Up()
    up.send([form(FILE.encode())])
    record = up.record()
    assert [(finding["place"], finding["rule"]) for finding in record["findings"]] == [("file.rows.2.body.messages.0.content", "numbers")]
    assert record["rows"] == {"read": 3, "edited": 1, "blocked": 0, "policies": ["test@000000000000"]}
    rows = [row for row in record["coverage"]["request"] if "file.rows" in row["places"]]
    name, rows_texts = 1, (1 + 5) + (1 + 18) + (1 + 3 + 1)
    assert [(row["scope"], row["texts"], row["chars"]) for row in rows] == [("user", 1 + 7, name + rows_texts)]


def test_the_record_stays_small():
    """However many rows there are."""
    up = Up(FLAG)
    up.send([form("\n".join(chat(f"it is {number} now") for number in range(10_000, 11_200)).encode())])
    record = up.record()
    assert record["rows"]["read"] == 1200
    assert record["findings_total"] == 1200
    assert len(record["findings"]) == 1000
    assert len(up.guard.findings.covered) < 10


def test_a_row_has_the_policy_of_its_model():
    """As if it had been posted by itself."""
    up = Up(REDACT, others={"careful": BLOCK})
    with pytest.raises(BlockedError) as caught:
        up.send([form("\n".join((chat("a 12345678 b"), chat("c 12345678 d", "careful"))).encode())])
    assert caught.value.plan is BLOCK
    assert caught.value.reasons == ("row 2: numbers: pii.NUMBER in user",)
    assert caught.value.rules == ("numbers",)
    assert b"12345678" not in up.out
    assert b"--b0--" not in up.out
    record = up.record()
    assert (record["decision"], record["rows"]["blocked"]) == ("block", 1)


def test_a_block_is_in_the_record_however_much_was_found_before():
    """The record is full of what was edited, and says what stopped the upload all the same."""
    up = Up(REDACT, others={"careful": BLOCK})
    rows = [chat(f"it is {number} now") for number in range(10_000, 11_100)]
    with pytest.raises(BlockedError):
        up.send([form("\n".join((*rows, chat("c 12345678 d", "careful"))).encode())])
    assert up.record()["findings"][-1]["place"] == "file.rows.1101.body.messages.0.content"


def test_rows_wait_for_slow_detectors():
    """A pooled detector's findings are written in the row that they are of."""
    out = Up(NAMES).send([form(chat("ask Anna").encode())])
    assert b"ask [PERSON]" in out


def test_a_bad_row():
    """It stops the upload, with its line."""
    up = Up()
    with pytest.raises(BadRequest, match="Line 3 of the file"):
        up.send([form((chat("a") + "\n\n{\n" + chat("b")).encode())])
    assert b"--b0--" not in up.out


def test_too_many_rows():
    """The bound is the world's; the row beyond it does not go on, nor does the end of the form."""
    up = Up(max_rows=2)
    assert up.send([form(f"{chat('a')}\n{chat('b')}".encode())])
    up = Up(max_rows=2)
    with pytest.raises(TooLarge, match="body_too_large"):
        up.send([form(f"{chat('a')}\n\n{chat('never')}".encode())])
    assert b"never" not in up.out
    assert b"--b0--" not in up.out


def test_a_row_that_is_too_long():
    """It is refused without being kept."""
    with pytest.raises(BadRequest, match="invalid_file"):
        Up().send([form(b"{" + b" " * (MAX_ROW_BYTES + 1))])


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_a_text(chunk: int):
    """It is one text: a value in it is found wherever it is cut."""
    text = ("it is 12345678 now, " * 5 + "é\n") * 40
    raw = form(text.encode(), "notes.txt", "user_data")
    out = Up().send([raw[at : at + chunk] for at in range(0, len(raw), chunk)])
    assert out == form(text.replace("12345678", "[NUMBER]").encode(), "notes.txt", "user_data")


def test_a_text_is_blocked_in_the_middle():
    """What was before it has gone; the value has not, nor the end of the form."""
    up = Up(BLOCK)
    with pytest.raises(BlockedError) as caught:
        up.send([form(b"word " * 20_000 + b"12345678 " + b"word " * 20_000, "notes.txt", "user_data")])
    assert caught.value.reasons == ("numbers: pii.NUMBER in user",)
    assert 50_000 < len(up.out) < 120_000
    assert b"12345678" not in up.out


def test_a_text_with_slow_detectors():
    """Sentences are judged by them as they become whole."""
    out = Up(NAMES).send([form(b"ask Anna. ask Bela. ", "notes.txt", "user_data")])
    assert b"ask [PERSON]. ask [PERSON]. " in out


def test_a_text_that_cannot_be_judged_in_pieces():
    """It is refused before it fills the memory."""
    with pytest.raises(BadRequest, match="judged at once"):
        Up().send([form(b"x" * 600_000, "notes.txt", "user_data")])


@pytest.mark.parametrize(("action", "passes"), [("allow", True), ("flag", True), ("block", False)])
def test_what_nothing_can_read(action: str, passes: bool):
    """The policy decides about it, before any of the file goes on."""
    raw = form(b"%PDF-1.7 12345678 \xff" * 1000, "x.pdf", "user_data")
    up = Up(plan(policy(rule("numbers", "block"), on_uninspectable={"file": action}), (DIGITS,)))
    if passes:
        assert up.send([raw]) == raw
    else:
        with pytest.raises(BlockedError) as caught:
            up.send([raw])
        assert b"PDF" not in up.out
        assert caught.value.reasons == ("file content at file cannot be inspected",)
    assert [part["kind"] for part in up.record()["uninspectable"]] == ["file"]


def test_a_text_that_turns_out_to_be_none():
    """It is refused as soon as that shows."""
    with pytest.raises(BadRequest, match="invalid_file"):
        Up().send([form(b"word " * 2000 + b"\xff" * 10, "notes.txt", "user_data")])


@pytest.mark.parametrize(("content", "kind"), [(b"hello", "unknown"), (FILE.encode(), "unknown"), (b"\x89PNG\xff", "file")])
def test_a_part_of_a_bigger_file(content: bytes, kind: str):
    """A text that is cut anywhere is unknown, which the policy blocks unless it says otherwise."""
    raw = form(content, "blob", "user_data")
    up = Up(is_part=True)
    if kind == "unknown":
        with pytest.raises(BlockedError):
            up.send([raw])
    assert Up(plan(policy(on_uninspectable={"unknown": "allow"}), ()), is_part=True).send([raw]) == raw


@pytest.mark.parametrize("purpose", ["batch", "fine-tune"])
def test_a_purpose_behind_its_file(purpose: str):
    """A file that was read as a text is not let through as rows; one that was read as rows is."""
    with pytest.raises(BadRequest, match="invalid_file"):
        Up().send([form(FILE.encode(), "x.txt", purpose, purpose_last=True)])
    assert Up().send([form(FILE.encode(), "x.jsonl", purpose, purpose_last=True)]) == form(
        EDITED.encode(), purpose=purpose, purpose_last=True
    )


def test_fields_and_names_are_texts():
    """What the form says beside the file is edited in its place."""
    extra = b'--b0\r\nContent-Disposition: form-data; name="note"\r\n\r\nit is 12345678\r\n'
    out = Up().send([extra + form(b"", "of 12345678.txt", "user_data")])
    assert out == extra.replace(b"12345678", b"[NUMBER]") + form(b"", "of [NUMBER].txt", "user_data")
    with pytest.raises(BlockedError):
        Up(BLOCK).send([extra + form(b"", "x.txt", "user_data")])


def test_the_query():
    """It is read, and cannot be rewritten."""
    up = Up()
    with pytest.raises(BlockedError):
        up._take(up.guard.query("a=b 12345678"))
    up._take(Up().guard.query("api-version=2024-10-21"))


def test_placeholders_stay_bounded(monkeypatch: pytest.MonkeyPatch):
    """Those of the first values can be restored later; there are never more of them, and no later one is mistaken for one of them."""
    monkeypatch.setattr(upload_steps, "MAX_ENTRIES", 100)
    up = Up(TOKENIZE)
    rows = "\n".join(chat(f"it is {number} now") for number in range(10_000, 10_300)).encode()
    out = up.send([rows_form[at : at + 65_536] for rows_form in [form(rows)] for at in range(0, len(rows_form), 65_536)])
    kept = up.tokens.restorable()
    assert len(kept) == 100
    assert b"it is 1" not in out
    issued = [line.partition(b"<NUMBER_")[2].partition(b">")[0].decode() for line in out.splitlines() if b"<NUMBER_" in line]
    assert len(issued) == 300
    assert not kept.keys() & set(issued[100:])


def test_a_value_has_one_placeholder_in_a_file():
    """Wherever it stands."""
    out = Up(TOKENIZE).send([form("\n".join([chat("it is 12345678 now")] * 3).encode())])
    assert len(set(out.split(b"<NUMBER_")[1:])) <= 3
    assert len({piece[:6] for piece in out.split(b"<NUMBER_")[1:]}) == 1
