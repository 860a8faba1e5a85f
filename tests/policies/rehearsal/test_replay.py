"""A draft beside the policy that it is to replace, on recorded exchanges."""

from itertools import count

import pytest

from detectors.finding import Finding
from policies.decide import Outcome
from policies.rehearsal.recorded import MAX_CHARS, entry
from policies.rehearsal.replay import Broken, Replay, Times, held
from policies.rehearsal.totals import Pair, Totals

OLD = "name: p\nrules:\n- {id: mail, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: redact}\n"


def scan(rule, text):
    """Every @ is an address."""
    return Outcome(tuple(Finding("pii", "pii.EMAIL_ADDRESS", at, at + 1, 1.0) for at, c in enumerate(text) if c == "@"))


@pytest.fixture
def replay(loaded):
    """A replay of one line; p@0 is the old policy."""

    def run(new, line, old=OLD):
        before = loaded(old).policy
        ticks = count()
        replaying = Replay(before, loaded(new).policy, {"p@0": before}.get, {}, lambda _: "topics:1", lambda: next(ticks) * 1e-6)
        return replaying, replaying.decide(entry(line), scan)

    return run


def texts(*said, **more):
    return {"request_id": "r", "app": "a", "texts": [{"scope": scope, "text": text} for scope, text in said], **more}


def record(**more):
    row = {"scope": "user", "inspected_by": ["mail"], "texts": 1, "chars": 9, "places": ["m.0"]}
    found = {"rule": "mail", "kind": "pii.EMAIL_ADDRESS", "place": "m.0", "scope": "user", "start": 0, "end": 1, "score": 1}
    coverage = {"request": [row], "response": []}
    return {"request_id": "r", "policy": "p@0", "findings": [found], "findings_total": 1, "coverage": coverage, **more}


@pytest.mark.parametrize("line", [texts(("user", "@")), record()])
def test_both_decide(replay, line):
    """Of texts, and of a record, each policy makes its own."""
    replaying, pair = replay(OLD.replace("action: redact", "action: block"), line)
    assert isinstance(pair, Pair)
    assert (pair.old.decision, pair.new.decision, pair.untold) == ("redact", "block", ())
    assert [times.quantile(0.5) for times in replaying.times.values()] == [pytest.approx(1, rel=0.05)] * 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (record(policy="q@1"), "recorded under q@1, which is not given (--recorded-by)"),
        (record(policy=""), "recorded under no policy, which is not given (--recorded-by)"),
        (record(findings_total=9), "more was found than the record lists"),
    ],
)
def test_what_cannot_be_decided(replay, line, why):
    """It is said why."""
    assert replay(OLD, line)[1] == why


PEOPLE = OLD + "- {id: people, detect: pii, scope: [user], entities: [PERSON], action: block}\n"
BOUND = OLD + "domain: {request: {max_tokens: 5}}\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "untold"),
    [
        (OLD, PEOPLE, record(), ("draft: people",)),
        (PEOPLE, OLD, record(), ("old: people",)),
        (PEOPLE, PEOPLE, record(), ()),
        (OLD, PEOPLE.replace("action: redact", "action: block"), record(), ("draft: people",)),
        (OLD.replace("redact", "block"), PEOPLE.replace("redact", "block"), record(), ()),
        (OLD, BOUND, texts(("user", "@")), ("draft: domain.request.max_tokens",)),
        (BOUND, BOUND, texts(("user", "@")), ()),
        (OLD, BOUND, texts(("user", "@"), asked={"messages": 1, "max_tokens": 1}), ()),
    ],
)
def test_doubts(replay, old, new, line, untold):
    """What a record does not tell is never taken for no change, unless both policies say the same of it, or both block for certain."""
    pair = replay(new, line, old)[1]
    assert isinstance(pair, Pair)
    assert pair.untold == untold


BLOCKING = OLD.replace("redact", "block")
FOR_A, FOR_B, FOR_ALL = (f"{BLOCKING}applies_to: {{apps: [{apps}]}}\n" for apps in ("a", "b*", "'*'"))


@pytest.mark.parametrize(
    ("old", "new", "app", "move", "decisions"),
    [
        (FOR_ALL, FOR_A, "a", "stays", ("block", "block")),
        (FOR_ALL, FOR_A, "b", "leaves", ("block", "allow")),
        (FOR_A, FOR_B, "A", "leaves", ("block", "allow")),
        (FOR_A, FOR_B, "bb", "enters", ("allow", "block")),
        (FOR_A, FOR_B, "c", "stays", ("block", "block")),
        (FOR_A, FOR_ALL, "a", "leaves", ("block", "allow")),
        (FOR_A, FOR_A.replace("[a]", "['*', a]"), "a", "stays", ("block", "block")),
        (FOR_A, FOR_A.replace("]}\n", "], models: [n]}\n"), "a", "leaves", ("block", "allow")),
        (FOR_A, FOR_A, "b", "stays", ("block", "block")),
        (FOR_A, FOR_B + "rollout: {of: q, percent: 5}\n", "a", "stays", ("block", "block")),
    ],
)
def test_whom_a_policy_is_for(replay, old, new, app, move, decisions):
    """What one of the two is not for, it does not decide; one that singles nobody out is only used by name."""
    pair = replay(new, texts(("user", "@"), app=app, model="m"), old)[1]
    assert isinstance(pair, Pair)
    assert (pair.move, (pair.old.decision, pair.new.decision), pair.untold) == (move, decisions, ())
    found = Totals(1)
    found.add(pair)
    assert found.lost_blocks == (move == "leaves")
    assert {kind.value: (each.count, each.ids) for kind, each in found.moves.items()} == {
        kind: (1, ["r"]) if kind == move else (0, []) for kind in ("leaves", "enters")
    }


def test_whom_a_policy_is_for_is_not_recorded(replay):
    """Where it hangs on what nobody noted, nothing is told."""
    line = {"request_id": "r", "texts": [{"scope": "user", "text": "@"}]}
    assert replay(FOR_A, line, FOR_ALL)[1] == "whether it is still for the draft hangs on what is not recorded (applies_to)"
    assert isinstance(replay(FOR_A, line, FOR_A)[1], Pair)


def test_what_another_policy_blocked(replay):
    """It is lost where a draft takes the exchange over and lets it pass; and what else is doubted of a lost block is no matter."""
    entering = replay(OLD + "applies_to: {apps: [b]}\n", record(app="b", decision="block"), FOR_A)[1]
    assert (entering.move, entering.old.decision, entering.new.decision, entering.is_unseen) == ("enters", "block", "redact", True)
    leaving = replay(FOR_A, record(app="b"), PEOPLE.replace("redact", "block"))[1]
    assert (leaving.move, leaving.old.untold, leaving.untold) == ("leaves", ("people",), ())


def test_an_answer_that_nobody_has_seen(replay):
    """A request that was blocked, and would not be, would have had an answer."""
    blocking = OLD.replace("action: redact", "action: block")
    assert replay(OLD, texts(("user", "@")), blocking)[1].is_unseen
    assert not replay(OLD, texts(("user", "@"), ("output", "hello")), blocking)[1].is_unseen
    assert replay(OLD, record(decision="block"))[1].is_unseen
    assert not replay(OLD, record(decision="redact"))[1].is_unseen


@pytest.mark.parametrize(
    ("expect", "broken"),
    [
        ("max_block_rate: 0.5", []),
        ("max_block_rate: 0.1", [Broken("max_block_rate", 0.1, 0.25)]),
        ("max_block_rate_increase: 0.2", []),
        ("max_lost_blocks: 0", [Broken("max_lost_blocks", 0, 1)]),
        ("max_flag_rate_increase: 0", []),
        ("max_redact_rate_increase: 0.2", [Broken("max_redact_rate_increase", 0.2, 0.25)]),
        ("max_untold: 0", []),
    ],
)
def test_expectations(loaded, replay, expect, broken):
    """The bounds of the draft, over what can be told: one of four blocked before and after, one redacted after."""
    blocking = "name: p\nrules:\n- {id: a, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: block}\n"
    turned = blocking.replace("[user]", "[system]") + "- {id: b, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: redact}\n"
    found = Totals(1)
    for said in (("user", "@"), ("system", "@"), ("user", ""), ("user", "")):
        pair = replay(turned, texts(said), blocking)[1]
        assert isinstance(pair, Pair)
        found.add(pair)
    assert held(loaded(f"{turned}expect: {{{expect}}}").policy.expect, found) == broken


@pytest.mark.parametrize(
    ("expect", "untold", "broken"),
    [("", 1, []), ("", 2, [0.05]), ("expect: {max_untold: 0.5}", 2, []), ("expect: {max_untold: 0}", 1, [0]), ("", 100, [0.05])],
)
def test_what_cannot_be_told_is_no_success(loaded, replay, expect, untold, broken):
    """More than a share of the exchanges, one in twenty unless it is said, may not stay in the dark: then nothing is held."""
    found = Totals(1)
    for _ in range(20 - min(untold, 20)):
        found.add(replay(OLD, texts(("user", "")))[1])
    for _ in range(untold):
        found.add_untold("r", ["why"])
    got = held(loaded(OLD + expect).policy.expect, found)
    assert [(each.key, each.bound) for each in got] == [("max_untold", bound) for bound in broken]


def test_a_text_that_is_too_long(replay):
    """Nothing is told of an exchange that no gateway has patience for: it is not looked at."""
    long = texts(("user", "@" * (MAX_CHARS + 1)))
    assert replay(OLD, long)[1] == "a text has more than 1,000,000 characters"


def test_times():
    """Quantiles to about 5 %, whatever the number; of nothing, nought."""
    times = Times()
    assert times.quantile(0.5) == 0
    for microseconds in range(1, 1001):
        times.add(microseconds / 1e6)
    assert times.quantile(0.5) == pytest.approx(500, rel=0.06)
    assert times.quantile(0.99) == pytest.approx(990, rel=0.06)
    assert len(times.counts) < 200
