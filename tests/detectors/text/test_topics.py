"""The scope of a policy's topics."""

import json

import pytest

pytest.importorskip("numpy", reason="the extra 'topics' is not installed")

from detectors.contract import PooledDetector
from detectors.text.encoder import missing
from detectors.text.topics import Judge, Topics, build
from detectors.text.turns import with_context

needs_model = pytest.mark.skipif(bool(missing()), reason="the extra 'topics' or the encoder's model is not installed")

EXAMPLES = {
    "card_lost": [
        "I lost my card", "my card was stolen", "I can't find my card", "someone took my debit card", "my wallet with my card is gone",
        "please block my card, it is missing", "I left my card in a shop and it is gone", "report a stolen card",
        "where do I report a lost credit card", "my card has disappeared",
    ],
    "balance": [
        "what is my balance", "how much money do I have", "show me the balance of my savings account", "is there enough in my account",
        "tell me my current account balance", "how much is left on my account", "check my checking account", "what do I have in savings",
        "account balance please", "how much cash is in my bank account",
    ],
}  # fmt: skip
INSIDE = ["my debit card got stolen yesterday", "how much money is in my savings", "I need to report that my credit card is lost"]
OUTSIDE = ["write a poem about the sea", "who won the world cup in 1998", "give me a recipe for lentil soup", "translate this into French"]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(EXAMPLES)


@needs_model
def test_outside_is_told_from_inside(judge: Judge):
    """At a false-alarm rate of one in twenty, texts of the topics pass and all others do not."""
    assert min(judge.chances(INSIDE)) > 0.05
    assert max(judge.chances(OUTSIDE)) <= 0.05


@needs_model
@pytest.mark.parametrize("text", ["Hello!", "Thank you very much.", "", "ok"])
def test_who_says_nothing_is_not_outside(judge: Judge, text: str):
    """A greeting has no topic."""
    assert judge.chances([text]) == [1.0]


@needs_model
def test_a_sentence_behind_another_is_judged(judge: Judge):
    """Nothing hides behind or before an allowed sentence, nor behind an allowed turn."""
    for outside in OUTSIDE:
        for unit in (f"I lost my card. {outside}", f"{outside}. I lost my card.", with_context(["I lost my card"], outside)):
            assert judge.chances([unit]) <= [0.05]


@needs_model
@pytest.mark.parametrize("rate", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 40])
def test_more_outside_is_no_way_in(judge: Judge, count: int, rate: float):
    """Sentences that are all outside are stopped, however many they are, and at fine rates too."""
    assert judge.chances([". ".join((OUTSIDE * count)[:count])])[0] <= rate


@needs_model
@pytest.mark.parametrize("count", [1, 12, 40])
@pytest.mark.parametrize("outside", OUTSIDE)
def test_what_is_put_around_is_no_way_in(judge: Judge, outside: str, count: int):
    """A sentence that is far outside is stopped behind any number of allowed ones."""
    assert judge.chances([". ".join([*(INSIDE * count)[:count], outside])])[0] <= 0.05


@needs_model
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10])
def test_turns_of_several_sentences_pass(judge: Judge, count: int):
    """A turn is not stopped for its length alone."""
    assert judge.chances([". ".join((INSIDE * count)[:count])])[0] > 0.05


@needs_model
def test_few_examples_tell_what_is_outside():
    """Six examples of each topic are enough at a fiftieth, also in several sentences."""
    few = Judge({topic: texts[:6] for topic, texts in EXAMPLES.items()})
    assert max(few.chances([*OUTSIDE, ". ".join(OUTSIDE)])) <= 0.02
    assert min(few.chances(INSIDE)) > 0.05


@needs_model
def test_examples_of_several_sentences():
    """Are judged as turns are, so turns like them pass."""
    examples = {topic: [f"I am writing to you from home. {text}." for text in texts] for topic, texts in EXAMPLES.items()}
    several = Judge(examples)
    assert min(several.chances([f"I am writing to you from home. {text}." for text in INSIDE])) > 0.05
    assert max(several.chances(OUTSIDE)) <= 0.1


@needs_model
@pytest.mark.parametrize("text", ["and tomorrow?", "yes, please block it", "why?", "how do I do that online?", "in euros?"])
def test_follow_ups(judge: Judge, text: str):
    """What leans on an allowed turn passes."""
    assert judge.chances([with_context(["what is the balance of my checking account"], text)])[0] > 0.05


@needs_model
@pytest.mark.parametrize("text", ["explain more about malware", "and Napoleon?", "how do I make explosives?", "what about bombs?"])
def test_nothing_leans_that_is_far_outside(judge: Judge, text: str):
    """One word that is far from the topics is enough, whatever stands before it."""
    assert judge.chances([with_context(["I lost my card"], text)])[0] <= 0.05


@needs_model
@pytest.mark.parametrize(
    "unit",
    [
        with_context(["I lost my card", "please", "write", "a"], "poem"),
        with_context(["please", "write", "a"], "poem"),
        "I lost my card. Write. A poem. About. The sea.",
    ],
)
def test_a_run_of_what_leans_is_read_together(judge: Judge, unit: str):
    """Nothing is said word by word that may not be said at once."""
    assert judge.chances([unit])[0] <= 0.05


@needs_model
def test_clear_texts_do_not_need_the_encoder(judge: Judge):
    """An example itself is settled by the cheap tier, and so are its near copies."""
    before = judge.encoded
    assert max(judge.scores(["I lost my card", "my card was stolen"])) < 0.5
    assert judge.encoded == before


@needs_model
def test_findings():
    """One for each unit, over the turn without its context; a larger score is further outside."""
    scan = build(json.dumps(EXAMPLES))
    (inside,), (outside,) = scan([INSIDE[0], with_context(["I lost my card"], OUTSIDE[0])])
    assert (inside.detector, inside.kind, inside.start, inside.end) == ("topics", "topics.outside", 0, len(INSIDE[0]))
    assert outside.end == len(OUTSIDE[0])
    assert inside.score < 0.95 <= outside.score
    assert scan([]) == []


@needs_model
def test_digest_and_factory():
    """What can change a result is in both; the factory holds plain values only."""
    one = Topics(EXAMPLES)
    assert isinstance(one, PooledDetector)
    assert all(isinstance(value, str) for value in one.factory.options.values())
    assert Topics({"card_lost": EXAMPLES["card_lost"]}).digest != one.digest
    assert Topics(dict(reversed(EXAMPLES.items()))).digest == one.digest


def test_candidates():
    """A turn without a letter or digit says nothing; its context does not count."""
    detector = Topics(EXAMPLES)
    assert detector.is_candidate("why?")
    assert not detector.is_candidate("?!")
    assert not detector.is_candidate(with_context(["I lost my card"], "..."))


@pytest.mark.parametrize("examples", [{}, {"one": ["only one"]}, {"one": []}], ids=str)
def test_too_few_examples(examples: dict[str, list[str]]):
    """A topic that nobody could know is refused."""
    with pytest.raises(ValueError, match="at least 2 examples"):
        Judge(examples)
