"""What the record says an exchange is like."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.glimpse import Glimpse
from gateway.telemetry.likeness import Likeness
from gateway.wire.model import Delta, Event
from policies.vocabulary import Scope

KEY = b"k" * 32
ASKED = "I lost my card on the train. Can my wife block it for me in the app?"
SYSTEM = "You are the assistant of a bank. You talk to Maria Lopez, account 4711. Answer briefly."
SAID = "I'm sorry to hear that. Open the app and choose the card that you want to block."
LIKENESS = Likeness(KEY, cues=False)


def glimpse(asked: str = "", system: str = "", said: str = "", tools: tuple[str, ...] = (), refusal: str = "") -> Glimpse:
    found = Glimpse(asked, len(asked), system)
    texts = ((0, "content"), said), ((0, "refusal"), refusal)
    deltas = tuple([Delta(channel, Scope.OUTPUT, text, ()) for channel, text in texts if text])
    found.hear(Event(b"", None, deltas, calls=[((0, "tool_calls", at), name) for at, name in enumerate(tools)]))
    return found


def test_all_of_it():
    """Buckets, categories and counts, and a fingerprint."""
    like = LIKENESS.of(glimpse(ASKED, SYSTEM, SAID, ("block_card",)))
    assert like == {
        "input": {"chars": len(ASKED), "bucket": like["input"]["bucket"], "unknown": 0.0, "script": "latin", "language": "en"},
        "template": like["template"],
        "output": {"bucket": like["output"]["bucket"], "unknown": 0.0, "script": "latin", "language": "en", "refusal": False},
        "tools": ["block_card"],
    }
    assert 0 <= like["input"]["bucket"] < 128
    assert re.fullmatch("[0-9a-f]{16}", like["template"])


def test_what_is_not_known_is_not_there():
    """An exchange without texts is like nothing."""
    assert LIKENESS.of(glimpse()) == {}
    assert LIKENESS.of(glimpse("123")) == {"input": {"chars": 3}}
    assert LIKENESS.of(glimpse(system='"4711"')) == {}


@pytest.mark.parametrize(
    ("seen", "refusal"),
    [
        (glimpse(said="I can't help with that."), True),
        (glimpse(said=SAID), False),
        (glimpse(refusal="No."), True),
        (glimpse(tools=("f",)), None),
    ],
    ids=["by its words", "an answer", "by the API's word", "a call"],
)
def test_refusals(seen: Glimpse, refusal: bool | None):
    """An answer refuses by its words or by the API's; a call alone does neither."""
    assert LIKENESS.of(seen).get("output", {}).get("refusal") == refusal


def test_a_template_has_one_fingerprint_whatever_its_values():
    """Another template has another, and so has the same with another key; it does not matter which comes first."""
    same = SYSTEM.replace("Maria Lopez", "Jean").replace("4711", "12")
    first, second = (LIKENESS.of(glimpse(system=system))["template"] for system in (SYSTEM, same))
    assert first == second == Likeness(KEY, cues=False).of(glimpse(system=same))["template"]
    assert LIKENESS.of(glimpse(system=f"{SYSTEM} Be kind."))["template"] != first
    assert Likeness(b"other" * 4, cues=False).of(glimpse(system=SYSTEM))["template"] != first


def test_names_of_tools_are_names():
    """What a model says in the place of a name is not there."""
    assert LIKENESS.of(glimpse(tools=("look_up", "Maria Lopez, 4711", "")))["tools"] == ["look_up"]


def test_mentions_are_there_only_if_they_are_asked_for():
    """Those of what the user said, of one group alone."""
    assert "mentions" not in LIKENESS.of(glimpse(ASKED))
    likeness = Likeness(KEY, cues=True)
    assert likeness.of(glimpse(ASKED))["mentions"] == {"gender": "female"}
    assert "mentions" not in likeness.of(glimpse("Does my wife or my husband have to sign?", said="Your wife does."))


@given(st.lists(st.text(max_size=500), min_size=5, max_size=5))
def test_no_text_is_in_it(texts: list[str]):
    """Whatever is said: nothing is raised, it can be written, and it is small."""
    like: dict[str, Any] = Likeness(KEY, cues=True).of(glimpse(texts[0], texts[1], texts[2], (texts[3],), texts[4]))
    assert len(json.dumps(like)) < 1000
    said = json.dumps({**like, "tools": []})
    assert re.fullmatch(r"[a-z0-9:_ .,\"{}\[\]-]*", said)
