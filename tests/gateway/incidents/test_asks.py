"""What people ask of the watch: what may be said, and that it arrives as it was said."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.incidents import asks
from gateway.incidents.asks import MAX_BYTES, Ask, from_bytes, made, to_bytes
from gateway.incidents.rootcause import Change

T0 = 1_795_000_000.0
WHO = {"by": "anna", "at": T0}
SAID = [
    {"ask": "acknowledge", "incident": "inc-1"},
    {"ask": "resolve", "incident": "inc-1", "reason": "known since May"},
    {"ask": "silence", "id": "sil-1", "dimensions": {"app": "shop"}, "reason": "we move house", "ends": T0 + 60},
    {"ask": "lift", "silence": "sil-1"},
    {"ask": "deploy", "id": "dep-1", "what": "deploy", "name": "shop", "happened_at": T0 - 5},
    {"ask": "approve", "action": "act-1"},
    {"ask": "reject", "action": "act-1"},
    {"ask": "revert", "action": "act-1"},
]


@pytest.mark.parametrize("said", SAID, ids=lambda said: said["ask"])
def test_there_and_back(said: dict):
    """An ask is the same in the watch as it was said."""
    ask = made({**said, **WHO})
    assert from_bytes(to_bytes(ask)) == ask
    assert (ask.ask, ask.by, ask.at) == (said["ask"], "anna", T0)


def test_each_is_tested():
    """Of every kind that there is."""
    assert {each["ask"] for each in SAID} == {made({**each, **WHO}).ask for each in SAID}
    assert len(SAID) == len(asks.get_args(Ask))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "ask: "),
        ({"ask": "drop tables"}, "ask: "),
        ({"ask": "acknowledge", **WHO}, "incident: "),
        ({"ask": "acknowledge", "incident": "../x", **WHO}, "incident: "),
        ({"ask": "acknowledge", "incident": "i", **WHO, "by": " "}, "by: "),
        ({"ask": "acknowledge", "incident": "i", **WHO, "by": "a\nb"}, "by: "),
        ({"ask": "acknowledge", "incident": "i", **WHO, "by": "\u202eanna"}, "by: "),
        ({"ask": "acknowledge", "incident": "i", **WHO, "by": "a" * 65}, "by: "),
        ({"ask": "acknowledge", "incident": "i", **WHO, "at": float("nan")}, "at: "),
        ({"ask": "acknowledge", "incident": "i", **WHO, "reason": "x"}, "reason: unknown; allowed: by, incident"),
        ({"ask": "resolve", "incident": "i", **WHO}, "reason: "),
        ({**SAID[2], **WHO, "dimensions": {}}, "dimensions: "),
        ({**SAID[2], **WHO, "dimensions": {"app": 5}}, "dimensions: "),
        ({**SAID[2], **WHO, "dimensions": {str(n): "x" for n in range(13)}}, "dimensions: "),
        ({**SAID[2], **WHO, "ends": T0}, "a silence ends within 30 days"),
        ({**SAID[2], **WHO, "ends": T0 + 31 * 86400}, "a silence ends within 30 days"),
        ({**SAID[4], **WHO, "what": "magic"}, "what: "),
    ],
)
def test_what_may_not_be_said(said: dict, why: str):
    """It is named by its key, and nothing of it is repeated."""
    with pytest.raises(ValueError, match=f"^{why}") as error:
        made(said)
    assert "drop tables" not in str(error.value)


_JSON = st.recursive(st.none() | st.integers(0, 9) | st.text(max_size=9), st.lists)


@given(st.one_of(st.binary(max_size=300), st.builds(orjson.dumps, st.fixed_dictionaries({"v": st.just(1), "ask": _JSON}))))
def test_no_ask(data: bytes):
    """Whatever the bytes are, they are an ask or a ValueError."""
    with pytest.raises(ValueError):
        from_bytes(data)


def test_bounds():
    """What is too large, or of another version, is no ask."""
    good = to_bytes(made({**SAID[0], **WHO}))
    for data in (good + b" " * MAX_BYTES, good.replace(b'"v":1', b'"v":2')):
        with pytest.raises(ValueError, match="ask"):
            from_bytes(data)


def test_what_it_stands_for():
    """A silence and a deploy are what the watch knows by these names, in the order of their dimensions."""
    silence = made({**SAID[2], **WHO, "dimensions": {"model": "m", "app": "shop"}, "kind": "spike"})
    assert isinstance(silence, asks.Silence)
    said = silence.silence
    assert (said.dimensions, said.starts, said.ends, said.kind) == ((("app", "shop"), ("model", "m")), T0, T0 + 60, "spike")
    deploy = made({**SAID[4], **WHO, "version": "2", "dimensions": {"app": "shop"}})
    assert isinstance(deploy, asks.Deploy)
    assert deploy.settling.at == T0 - 5
    assert deploy.change == Change(T0 - 5, "deploy", "shop", "2", (("app", "shop"),))
