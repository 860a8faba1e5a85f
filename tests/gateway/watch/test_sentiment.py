"""How answers sound."""

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.watch.sentiment import MAX_CHARS, Sentiment, _load
from tests.architecture.test_startup import loaded
from tests.gateway.watch.records import record

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
)


PLAIN = "It is on the table, and you can take it."


def said(*texts: str, scope: str = "output") -> dict[str, Any]:
    return record(1, texts={"input": [], "output": [{"place": "0.content", "scope": scope, "text": text} for text in texts]})


def test_good_and_bad_answers_differ():
    """By the lexicon, what is praised sounds better than what is not, and a plain word like neither."""
    pytest.importorskip("textblob", reason="the extra watch is not installed")
    sentiment = Sentiment("redacted")
    answers = ("That is wonderful!", "", "This was a terrible mistake.")
    good, plain, bad = (sentiment.of({**said(f"{PLAIN} {text}"), "request_id": text}) for text in answers)
    assert sentiment.state == "on"
    assert good > plain == 0 > bad
    assert sentiment.of_text(f"{PLAIN} That is wonderful!") == good


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (said(PLAIN, "Thank you."), f"{PLAIN} Thank you."),
        (said(PLAIN * 99), (PLAIN * 99)[:MAX_CHARS]),
        (said("Está en la mesa, y lo puede tomar con usted."), None),
        (said("Thanks."), None),
        (said(PLAIN, scope="reasoning"), None),
        (said(), None),
        (record(1), None),
        (record(1, texts={"output": "x"}), None),
    ],
    ids=["texts", "long", "another language", "too short to tell", "reasoning", "nothing", "no texts", "another form"],
)
def test_what_is_looked_at(answer: dict[str, Any], seen: str | None):
    """The beginning of what was answered, in English."""
    asked: list[str] = []
    found = Sentiment("redacted", lambda text: asked.append(text) or 0.25).of(answer)
    assert (asked, found) == (([seen], 0.25) if seen else ([], None))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It isn't very good, is it? No, not at all!",
        "A truly wonderful day... and “awful” weather; I'm (really) sorry, e.g. for Mr. Smith.",
        "Never say a bad word.\n\nThe best of all, 100%!!! :-) " + "extraordinarily" * 20 + " nice",
    ],
)
def test_it_is_the_librarys_own_word(text: str):
    """However its words and rules are asked."""
    pytest.importorskip("textblob", reason="the extra watch is not installed")
    score = _load()
    from textblob.en import sentiment

    assert [score(text), score(text)] == [pytest.approx(sentiment(text)[0])] * 2


def test_a_list_is_no_sad_face():
    """Which a bracket behind a colon would be to the library; one that is written as one is."""
    pytest.importorskip("textblob", reason="the extra watch is not installed")
    sentiment = Sentiment("redacted")
    assert sentiment.of_text(f"{PLAIN} Take these: (a) and (b).") == 0 > sentiment.of_text(f"{PLAIN} All of these :(")


def test_two_who_ask_of_the_same():
    """It is looked up once, and what is remembered for the second one is bounded."""
    asked: list[str] = []
    sentiment = Sentiment("redacted", lambda text: asked.append(text) or 0.25)
    found = [sentiment.of({**said(PLAIN), "request_id": f"req_{number}"}) for number in range(3000) for _ in range(2)]
    assert (set(found), len(asked), len(sentiment._told)) == ({0.25}, 3000, 0)
    for number in range(3000):
        sentiment.of({**said(PLAIN), "request_id": f"req_{number}"})
    assert len(sentiment._told) == 2000


@pytest.mark.parametrize("keep_text", ["none", "full"])
def test_without_texts_nothing_is_told(keep_text: str):
    """It says so, whatever a record has."""
    sentiment = Sentiment(keep_text, lambda _: 1.0)
    assert (sentiment.state, sentiment.of(said(PLAIN))) == ("not kept", None)


def test_without_the_library_nothing_is_told(monkeypatch: pytest.MonkeyPatch):
    """It says so, and raises nothing."""
    monkeypatch.setattr("gateway.watch.sentiment.find_spec", lambda _: None)
    sentiment = Sentiment("redacted")
    assert (sentiment.state, sentiment.of(said(PLAIN))) == ("not installed", None)


@given(st.dictionaries(st.just("texts"), JSON | st.dictionaries(st.just("output"), JSON)))
def test_any_record(fields: dict[str, Any]):
    """Nothing is raised."""
    assert Sentiment("redacted", lambda _: 0.0).of(fields) in (None, 0.0)


def test_the_library_waits_for_an_answer():
    """Importing the module loads nothing of it."""
    assert not {"textblob", "nltk"} & loaded("gateway.watch.sentiment")


def test_the_library_loads_nothing_that_it_has_no_use_for():
    """Whatever else is installed beside it stays where it is, and can be imported by others later."""
    pytest.importorskip("textblob", reason="the extra watch is not installed")
    program = """
import sys
from gateway.watch.sentiment import Sentiment
assert Sentiment("redacted").of_text("It is on the table, and that is wonderful!") > 0
print(sorted(sys.modules.keys() & {"matplotlib", "pandas", "scipy", "sklearn"}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
