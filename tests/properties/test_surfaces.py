"""One text, one verdict: wherever it stands, on whichever surface, streamed or not, however it is cut."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.driving import KEY, answer, ask, cut, cut_bytes, patterns, plan_of, read, stream, texts, whole_texts, wire
from bench.matrix import ENTITIES, SPLIT, VALUES, WRITINGS, Judge, Plans, judge_answer, judge_request, judge_stream, judged
from bench.surfaces import BENIGN, CASES, CHAT, Case
from detectors.contract import TextDetector
from gateway.guard.plan import Plan
from gateway.guard.tokens import Tokens
from gateway.wire.model import Form

CELLS = [
    pytest.param(case, place, judge, id=f"{case.surface}-{way}-{place}")
    for case in CASES
    for way, places, judge in (
        ("request", case.asks, judge_request),
        ("answer", case.all_answers, judge_answer),
        ("stream", case.all_streams, judge_stream),
    )
    for place in places
]

_WORDS = st.sampled_from(
    [
        *VALUES,
        "078-05-1121",
        "192.168.7.9",
        "call",
        "now",
        "+1 (415) 555-0123",
        "é",
        "\u200b",
        "日本",
        "DE89 3704 0044 0532 0130 00",
        "<",
        "%40",
    ]
)
TEXTS = st.builds(lambda words, glue: glue.join(words), st.lists(_WORDS, min_size=1, max_size=6), st.sampled_from([" ", ", ", ""]))
PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> tuple[TextDetector, ...]:
    return patterns(Path(tmp_path_factory.mktemp("patterns")), ENTITIES)


@pytest.fixture(scope="module")
def guards(detectors: tuple[TextDetector, ...]) -> Plans:
    return Plans(plan_of("redact", detectors), plan_of("block", detectors))


@pytest.fixture(scope="module")
def tokenising(detectors: tuple[TextDetector, ...]) -> Plan:
    return plan_of("tokenize", detectors)


@pytest.fixture(scope="module")
def unguarded() -> Plan:
    return plan_of("flag", ())


@pytest.mark.parametrize(("case", "place", "judge"), CELLS)
def test_every_place_is_inspected(case: Case, place: str, judge: Judge, guards: Plans):
    """A value at any place, written in any way, is taken out by a rule that redacts, and stopped by one that blocks."""
    outcomes = {writing: judged(case, place, writing, guards, judge) for writing in (*WRITINGS, SPLIT)}
    assert not {writing: outcome for writing, outcome in outcomes.items() if outcome not in ("inspected", "refused", "")}
    assert all(outcomes[writing] for writing in WRITINGS)


@pytest.mark.parametrize(("case", "place"), [(case, place) for case in CASES for place in ("user", "parts") if "system" in case.asks])
def test_a_value_that_is_split_over_parts_or_messages_is_found(case: Case, place: str, guards: Plans):
    """The parts of a message, and messages of one role that follow each other, are read as one text."""
    assert judged(case, place, SPLIT, guards, judge_request) == "inspected"


@settings(max_examples=10, deadline=None)
@given(TEXTS, PLACES)
def test_one_text_has_one_verdict_on_every_surface(guards: Plans, text: str, bytes_at: list[int]):
    """The user's text is edited in the same way, and blocked or not, whichever API brings it and in whatever place."""
    text = f"Please {text}"
    edited, blocked = set(), set()
    for case in CASES:
        for place, body in case.asks.items():
            if place == "definitions":
                continue
            request = read(case, body(text))
            (index,) = [index for index, segment in enumerate(request.segments) if segment.text == text and segment.form is not Form.KEY]
            out = ask(case, body(text), guards.redacting, cuts=bytes_at)
            assert out is not None
            edited.add(read(case, out).segments[index].text)
            blocked.add(ask(case, body(text), guards.blocking, cuts=bytes_at) is None)
    assert len(edited) == 1
    assert len(blocked) == 1


@settings(max_examples=10, deadline=None)
@given(TEXTS, st.lists(PLACES, min_size=1, max_size=4), PLACES)
def test_one_answer_is_the_same_on_every_surface_however_it_is_cut(
    tokenising: Plan, unguarded: Plan, guards: Plans, text: str, places: list[list[int]], bytes_at: list[int]
):
    """Whole, or streamed in any pieces of text and of bytes, in one to four choices at a time: what the client reads is the same text."""
    text = f"Please {text} now"
    tokens = Tokens(KEY, "app")
    first = ask(CHAT, CHAT.asks["user"](text), tokenising, tokens)
    assert first is not None
    echoed = read(CHAT, first).segments[0].text
    for guarding, sent_text in ((guards.redacting, text), (unguarded, echoed)):
        said = set()
        for case in CASES:
            for body in _answers(case, len(places)):
                out = answer(case, body(sent_text), guarding, tokens)
                assert out is not None
                said |= {_meant(one) for one in whole_texts(case, out)}
            for events in _streams(case, sent_text, places):
                out, is_stopped = stream(case, cut_bytes(b"".join(wire(case, events)), bytes_at), guarding, tokens)
                assert not is_stopped
                said |= {_meant(one) for one in texts(case, out).values()}
        assert len({one for one in said if one.startswith("Please ") and one != BENIGN}) == 1


def _streams(case: Case, text: str, places: list[list[int]]):
    for place, make in case.streams.items():
        yield make(cut(json.dumps({"note": text}) if place == "arguments" else text, places[0]))
    if case.chosen:
        yield case.chosen([cut(text, each) for each in places])


def _answers(case: Case, number: int):
    yield from case.answers.values()
    if case.choices:
        yield lambda text: case.choices([text] * number)


def _meant(text: str) -> str:
    """The note in a tool call's arguments; any other text as it stands."""
    return json.loads(text)["note"] if text.startswith("{") else text
