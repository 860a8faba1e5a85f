"""Speech to text: the form that goes in, and the text that comes out in every one of the API's forms, guarded and still in that form."""

import json

import pytest
from openai.types.audio import TranscriptionDiarized, TranscriptionVerbose

from gateway.errors import UpstreamError
from gateway.guard.memo import Memo
from gateway.guard.plan import Plan
from gateway.guard.render import StreamRenderer
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.model import Call, Json, Kind, Origin
from gateway.wire.openai.transcript_texts import MAX_SEGMENTS
from gateway.wire.openai.transcriptions import Transcriptions
from tests.support.guards import DIGITS, KEY, plan, policy, rule

ORIGIN = Origin("req_1", "whisper-1", 1)
REDACT = plan(policy(rule("numbers", "redact")), (DIGITS,))
BLOCK = plan(policy(rule("numbers", "block")), (DIGITS,))
DIALECT = Transcriptions("transcriptions")


def answer(raw: bytes, content_type: str, plan_: Plan = REDACT) -> bytes | None:
    """What a client gets for an answer; None: it is blocked before anything of it is out."""
    guard = ResponseGuard(plan_, Tokens(KEY, "app"), Memo(KEY, 10_000).text_key)
    stream = DIALECT.open_stream(content_type, ORIGIN)
    assert stream
    renderer, out = StreamRenderer(stream, guard), b""
    for event in [*stream.feed(raw[:9]), *stream.feed(raw[9:]), *stream.flush()]:
        guard.feed(event)
        if event.is_end:
            guard.close()
        release = guard.release()
        if isinstance(release, Refuse):
            return out + stream.render_stop(guard.open_choices()) if out else None
        out += renderer.render(release)
    return out


def answer_json(body: Json, plan_: Plan = REDACT) -> Json:
    out = answer(json.dumps(body).encode(), "application/json", plan_)
    return None if out is None else json.loads(out)


def segments(*texts: str, **extra: Json) -> Json:
    numbers = {"seek": 0, "temperature": 0.0, "avg_logprob": -0.1, "compression_ratio": 1.1, "no_speech_prob": 0.0, "tokens": [1, 2]}
    return [{"id": n, "start": n, "end": n + 1, "text": text, **numbers, **extra} for n, text in enumerate(texts)]


def words(text: str) -> Json:
    return [{"word": word.strip(".,"), "start": 0.0, "end": 0.5} for word in text.split()]


def verbose(*texts: str) -> Json:
    text = "".join(texts)
    return {"task": "transcribe", "language": "english", "duration": 3.1, "text": text, "segments": segments(*texts), "words": words(text)}


PLAIN = verbose(" Hello there.", " How are you?")


@pytest.mark.parametrize("body", [PLAIN, {"text": "Hello.", "usage": {"type": "duration", "seconds": 3}}, {"text": ""}])
def test_untouched(body: Json):
    """An answer in which no rule finds anything goes on byte for byte."""
    raw = json.dumps(body, indent=1).encode()
    assert answer(raw, "application/json") == raw


def test_an_edit_in_every_place():
    """Segments are edited like the text; the words, which would spell the value, and the token numbers of what changed are left out."""
    out = answer_json(verbose(" Hello there.", " Mine is 12345678 now."))
    assert out["text"] == " Hello there. Mine is [NUMBER] now."
    assert [segment["text"] for segment in out["segments"]] == [" Hello there.", " Mine is [NUMBER] now."]
    assert [segment["tokens"] for segment in out["segments"]] == [[1, 2], []]
    assert out["words"] == []
    assert "12345678" not in json.dumps(out)
    assert TranscriptionVerbose.model_validate(out).segments


def test_a_value_over_a_cut():
    """Segments that each hold a half of a value are left out, for none of them shows it to a rule."""
    whole, parts = "Mine is 12345678 now.", ("Mine is 1234", "5678 now.")
    body = {"text": whole, "task": "transcribe", "duration": 1.0, "segments": segments(*parts, speaker="A", type="t")}
    body["segments"][0]["text"] = "Mine is 123"
    body["segments"][1]["text"] = "45678 now."
    out = answer_json(body)
    assert out["text"] == "Mine is [NUMBER] now."
    assert out["segments"] == []
    assert TranscriptionDiarized.model_validate(out).text == out["text"]


def test_speakers():
    """A speaker is a mere name, or a text like any other."""
    body = {"text": "Hi. Hi.", "segments": segments("Hi.", "Hi.", speaker="A")}
    body["segments"][1]["speaker"] = "call 12345678 now"
    assert [segment["speaker"] for segment in answer_json(body)["segments"]] == ["A", "call [NUMBER] now"]


def test_long_transcripts():
    """However many segments and words there are, they pass with the text that they spell."""
    body = verbose(*(f" Part {n}." for n in range(3 * MAX_SEGMENTS)))
    assert answer_json(body, BLOCK) == body
    body["text"] += " 12345678"
    body["segments"] += segments(" 12345678")
    body["words"] += words("12345678")
    out = answer_json(body)
    assert (out["text"][-9:], out["segments"], out["words"]) == (" [NUMBER]", [], [])


@pytest.mark.parametrize("extra", [
    {"words": [{"word": "12345678"}]},
    {"words": "12345678"},
    {"words": ["12345678"]},
    {"segments": [{"text": "a"} for _ in range(MAX_SEGMENTS + 1)]},
    {"segments": "12345678"},
])  # fmt: skip
def test_pieces_that_say_something_else(extra: Json):
    """What is too much to be guarded piece by piece and is not the text either is unknown, which the policy blocks."""
    assert answer_json({"text": "Hello.", **extra}) is None


def test_blocked():
    """Before anything of it is out."""
    assert answer_json({"text": "12345678"}, BLOCK) is None
    assert answer(b"12345678", "text/plain", BLOCK) is None


def test_no_transcript():
    """An answer of another shape is read string by string; one that is no JSON, or no text, is the upstream's fault."""
    assert answer_json({"novelty": ["a 12345678 b"]}) == {"novelty": ["a [NUMBER] b"]}
    for content_type in ("application/json", "text/plain"):
        with pytest.raises(UpstreamError, match="upstream_invalid_response"):
            answer(b"\xff{", content_type)


SRT = "1\n00:00:00,000 --> 00:00:02,500\nMine is{a}\n\n2\n00:00:02,500 --> 00:00:04,000\n{b} now.\n"
VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nMine is{a}\n\n00:02.500 --> 00:04.000 align:start\n{b} now.\n"
CUES = [
    ("Hello 12345678 there", "Hello [NUMBER] there"),
    ("Hello there\n", "Hello there\n"),
    (SRT.format(a="", b="yours"), SRT.format(a="", b="yours")),
    (SRT.format(a=" 12345678", b="it"), SRT.format(a=" [NUMBER]", b="it")),
    (SRT.format(a=" 12345678", b="it").replace("\n", "\r\n"), SRT.format(a=" [NUMBER]", b="it").replace("\n", "\r\n")),
    (VTT.format(a=" 12345678", b="it"), VTT.format(a=" [NUMBER]", b="it")),
    (SRT.format(a="", b="it").replace("02,500\n", "02,500 12345678\n"), SRT.format(a="", b="it").replace("02,500\n", "02,500 [NUMBER]\n")),
    ("NOTE 12345678\n\n" + VTT.format(a="", b="it"), "NOTE [NUMBER]\n\n" + VTT.format(a="", b="it")),
]


@pytest.mark.parametrize(("text", "expected"), CUES)
def test_text_and_subtitles(text: str, expected: str):
    """A text is guarded as one, and so is what subtitles say; times and numbers of cues stay."""
    assert answer(text.encode(), "text/plain") == expected.encode()


@pytest.mark.parametrize(("form", "expected"), [
    (SRT, "1\n00:00:00,000 --> 00:00:04,000\nMine is [TWO] now.\n"),
    (VTT, "WEBVTT\n\n00:00:00.000 --> 00:04.000\nMine is [TWO] now.\n"),
])  # fmt: skip
def test_a_value_over_two_cues(form: str, expected: str):
    """What two cues say together is found, and they become one."""
    from tests.support.guards import Pattern

    two = plan(policy(rule("two", "redact")), (Pattern("TWO", r"(?<!\S)\d{4} \d{4}(?!\S)", 64),))
    assert answer(form.format(a=" 1234", b="5678").encode(), "text/plain", two) == expected.encode()


def test_the_form():
    """The sound is not inspectable; the prompt is a text."""
    raw = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n\xff\r\n--b--\r\n'
    request = DIALECT.parse_request(raw, Call(content_type="multipart/form-data; boundary=b"))
    assert [part.kind for part in request.uninspectable] == [Kind.AUDIO]
