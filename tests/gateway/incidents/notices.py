"""Notices to begin with, and such as an attacker would have names made of."""

from dataclasses import replace

from hypothesis import strategies as st

from gateway.incidents.incident import Event
from gateway.incidents.notice import Link, Notice, notice_of
from gateway.incidents.symptom import Symptom, sound
from tests.gateway.incidents.symptoms import T0, burn, incident, symptom

LINKS = (Link("https://oddgate.example/incidents/1?a=1&b=2", "incident"), Link("https://runbook.example/", "<run|book>"))


def notice(name: str = "opened", made_of: Symptom | None = None, **fields: object) -> Notice:
    """Of a page."""
    made = incident(made_of or burn(value=0.3, baseline=0.01, n=100, traces=("t-1", "t-2"), note="21 times"))
    told = notice_of(Event(name, made, "error budget"), T0 + 60, [("likely cause", "policy p@2")], LINKS)
    assert told is not None
    return replace(told, **fields)


NASTY = "<!channel> & [a](http://evil.example) *x* `y` | \r\nBcc: a@b.example\r\n\0\u202e\ud800 <script>"
_TEXTS = st.one_of(st.text(max_size=200), st.just(NASTY), st.just("é" * 500), st.just("𝕏" * 300))


@st.composite
def hostile_notices(draw: st.DrawFn) -> Notice:
    """Of symptoms with any names, hints and links' texts."""
    named = draw(st.dictionaries(_TEXTS, _TEXTS, max_size=14))
    made = sound(symptom(series=draw(_TEXTS), kind=draw(_TEXTS), note=draw(_TEXTS), value=draw(st.floats()), where=named), T0)
    assert made is not None
    event = Event(draw(st.sampled_from(["opened", "updated", "resolved"])), replace(incident(made), urgency="page"), draw(_TEXTS))
    told = notice_of(event, T0 + 60, draw(st.lists(st.tuples(_TEXTS, _TEXTS), max_size=20)), [Link("https://a.example/", draw(_TEXTS))])
    assert told is not None
    return replace(told, event="acknowledge") if draw(st.integers(0, 5)) == 0 else told
