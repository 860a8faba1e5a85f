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
def test_more_sentences_than_an_example_have_more_chances(judge: Judge):
    """So a turn is no likelier to be refused for its length alone: the same sentence twice is half as strange."""
    once, twice = judge.chances(["The statement shows a fee.", "The statement shows a fee. The statement shows a fee."])
    assert twice == pytest.approx(2 * once)
    assert once < 0.5


@needs_model
def test_examples_of_several_sentences():
    """Are judged as turns are, so turns like them pass."""
    examples = {topic: [f"I am writing to you from home. {text}." for text in texts] for topic, texts in EXAMPLES.items()}
    several = Judge(examples)
    assert min(several.chances([f"I am writing to you from home. {text}." for text in INSIDE])) > 0.05
    assert max(several.chances(OUTSIDE)) <= 0.1


@needs_model
def test_follow_ups(judge: Judge):
    """What leans on an allowed turn passes; without that turn it need not."""
    for text in ("and my savings account?", "yes, please block it", "why?"):
        assert judge.chances([with_context(["what is the balance of my checking account"], text)])[0] > 0.05


@needs_model
def test_clear_texts_do_not_need_the_encoder(judge: Judge):
    """An example itself is settled by the cheap tier, and so are its near copies."""
    before = judge.encoded
    assert max(judge.scores(["I lost my card", "my card was stolen"])) < 0.5
    assert judge.encoded == before


@needs_model
def test_accepted_traffic_moves_the_table(judge: Judge):
    """What an app accepts again and again becomes less strange."""
    strange = "my bank statement shows a fee"
    refined = Judge(EXAMPLES, judge.refined([strange] * 300))
    assert refined.chances([strange])[0] > max(0.5, judge.chances([strange])[0])


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
def test_digest_and_factory(judge: Judge):
    """What can change a result is in both; the factory holds plain values only."""
    one = Topics(EXAMPLES)
    assert isinstance(one, PooledDetector)
    assert all(isinstance(value, str) for value in one.factory.options.values())
    others = [Topics({"card_lost": EXAMPLES["card_lost"]}), Topics(EXAMPLES, judge.table)]
    assert len({one.digest, *(other.digest for other in others)}) == 3
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
