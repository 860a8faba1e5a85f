"""What a policy makes of a probe: decided as the gateway decides, and not told where that cannot be known."""

from dataclasses import replace
from itertools import count

import pytest

from detectors.contract import Factory
from detectors.registry import build
from gateway.guard.plan import options_of
from gateway.watch.probes.plan import Question
from gateway.watch.probes.verdicts import GUARD, MAX_CHARS, NO_POLICY, RULES, TOO_LONG, TOO_SLOW, Told, Verdicts
from policies.policy import Policy
from tests.gateway.watch.probes.probed import HE, SHE, VERSION, policy, question, verdicts

STOP = r"""
  - {id: stop, detect: pii, patterns: [{name: WORD, regex: '\b[Ss]he\b'}], entities: [WORD], scope: [user], action: block}
"""
MAIL = """
  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user, output], action: redact}
"""
NAMES = """
  - {id: names, detect: pii, entities: [PERSON], scope: [user], action: ACTION}
"""


class Model:
    """It takes milliseconds, and is not to be run here."""

    name, digest, reads, factory = "pii", "a model", "sentence", Factory("none:none", {})

    def is_candidate(self, unit: str) -> bool:
        raise AssertionError(unit)


def with_names(detectors: tuple | None, guarding: Policy) -> Verdicts:
    """Those are the detectors of the rule on names."""
    return Verdicts(
        {VERSION: guarding}.get, lambda rule: detectors if rule.id == "names" else build(rule.detect, options_of(rule)), lambda: 0.0
    )


def asked(number: int = 1, **fields: object) -> Question:
    return replace(question(number), policy=VERSION, **fields)


def rates(told: Told) -> dict[str, bool]:
    return {name.removeprefix(GUARD): said for name, said in told.rates.items()}


def test_a_word_that_is_blocked():
    """Of one group's wording: the question is stopped, by that rule, and the other one is not."""
    made = verdicts(policy(STOP))
    he, she = (made.of_question(asked(), prompt) for prompt in (HE, SHE))
    assert rates(he) == {"question_blocked": False, "question_rewritten": False, "question_rule.stop": False}
    assert rates(she) == {"question_blocked": True, "question_rewritten": False, "question_rule.stop": True}
    assert (he.is_blocked, she.is_blocked, he.untold) == (False, True, ())


def test_an_answer():
    """It is judged by the rules that look at answers, and not by what the question had in it."""
    made = verdicts(policy(MAIL))
    to_her = made.of_answer(asked(), f"{HE} Mail jo@example.com.", "It is done.")
    told = made.of_answer(asked(), HE, "Write to jo@example.com.")
    assert rates(to_her) == {"answer_blocked": False, "answer_rewritten": False, "answer_rule.mail": False}
    assert rates(told) == {"answer_blocked": False, "answer_rewritten": True, "answer_rule.mail": True}
    assert rates(made.of_question(asked(), "Mail jo@example.com."))["question_rewritten"]


def test_what_is_restored():
    """A value that the model says itself is replaced and restored at once: nothing is told of it."""
    made = verdicts(policy("\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user, output], action: tokenize}"))
    assert rates(made.of_question(asked(), "Mail jo@example.com."))["question_rule.mail"]
    assert rates(made.of_answer(asked(), HE, "Write to jo@example.com.")) == {"answer_blocked": False, "answer_rewritten": False}


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("block", {"question_rewritten": False}),
        ("redact", {"question_blocked": False}),
        ("flag", {"question_blocked": False, "question_rewritten": False}),
    ],
)
@pytest.mark.parametrize("names", [(Model(),), None], ids=["a model", "nothing that could look"])
def test_a_model_that_is_not_asked(names: tuple | None, action: str, told: dict[str, bool]):
    """What a rule needs it for is not told, nor anything that the rule could have changed; the rest is."""
    found = with_names(names, policy(NAMES.replace("ACTION", action) + STOP)).of_question(asked(), HE)
    assert rates(found) == {**told, "question_rule.stop": False}
    assert found.untold == ("names",)


def test_a_model_changes_no_block():
    """What is blocked without it is blocked with it."""
    made = with_names((Model(),), policy(NAMES.replace("ACTION", "block") + STOP))
    assert made.of_question(asked(), SHE).is_blocked
    assert not made.of_question(asked(), HE).is_blocked
    assert "question_blocked" not in rates(made.of_question(asked(), HE))


def test_shadow_rules():
    """What only says what it would do stops nothing, and is told by its own name."""
    told = verdicts(policy(STOP, "mode: shadow")).of_question(asked(), SHE)
    assert rates(told) == {"question_blocked": False, "question_rewritten": False, "question_rule.stop": True}


def test_conditions():
    """Those on what the record says are asked; of those on what it leaves out nothing is told, if the rule would have fired."""
    app = policy(STOP.replace("action: block}", "action: block, when: 'exchange.app == \"shop\"'}"))
    other = policy(STOP.replace("action: block}", "action: block, when: 'exchange.app == \"bank\"'}"))
    unknown = policy(STOP.replace("action: block}", "action: block, when: 'exchange.group == \"staff\"'}"))
    assert verdicts(app).of_question(asked(), SHE).is_blocked
    assert rates(verdicts(other).of_question(asked(), SHE))["question_blocked"] is False
    assert verdicts(unknown).of_question(asked(), SHE) == Told({f"{GUARD}question_rewritten": False}, ("stop",))
    assert rates(verdicts(unknown).of_question(asked(), HE))["question_blocked"] is False


def test_bounds():
    """A bound on requests is one of what stops them, but none on what is not known: within it the exchange was. Forms are not told."""
    grouped = verdicts(policy(" []", "domain: {groups: [staff]}"))
    assert rates(grouped.of_question(asked(), HE)) == {"question_blocked": False, "question_rewritten": False}
    small = verdicts(policy(" []", "domain: {input: {max_chars: 20}}"))
    assert small.of_question(asked(), HE).is_blocked
    formed = verdicts(policy(" []", 'domain: {output: {regex: "[a-z]+"}}'))
    assert rates(formed.of_question(asked(), HE)) == {"question_blocked": False, "question_rewritten": False}
    assert formed.of_answer(asked(), HE, "fine") == Told({}, ("domain.output.regex",))


def test_what_cannot_be_told():
    """Without the policy, or what the exchange was, or in time, or of an endless answer: nothing is, and why."""
    known = policy(MAIL)
    assert verdicts().of_question(asked(), HE) == Told(untold=(NO_POLICY,))
    assert verdicts(known).of_question(asked(exchange=None), HE) == Told(untold=(NO_POLICY,))
    assert verdicts(known, clock=count(step=5.0).__next__).of_question(asked(), HE) == Told(untold=(TOO_SLOW,))
    assert verdicts(known).of_answer(asked(), HE, "a" * (MAX_CHARS + 1)) == Told(untold=(TOO_LONG,))


def test_bounded():
    """A policy of many rules tells of the first ones by name, and of all in what is blocked; few policies are kept ready."""
    many = "".join(STOP.replace("id: stop", f"id: stop-{number}") for number in range(RULES + 5))
    assert len(verdicts(policy(many)).of_question(asked(), SHE).rates) == RULES + 2
    looked, empty = [], policy(" []")
    made = Verdicts(lambda version: looked.append(version) or empty, build, lambda: 0.0)
    for _ in range(2):
        for number in range(6):
            made.of_question(replace(asked(), policy=f"p@{number}"), HE)
    assert (len(looked), len(made._ready)) == (12, 4)
    made.of_question(replace(asked(), policy="p@5"), HE)
    assert len(looked) == 12


def test_a_policy_that_is_known_later():
    """It is looked for again."""
    known: dict[str, Policy] = {}
    made = Verdicts(known.get, lambda rule: build(rule.detect, options_of(rule)), lambda: 0.0)
    assert made.of_question(asked(), SHE).untold == (NO_POLICY,)
    known[VERSION] = policy(STOP)
    assert made.of_question(asked(), SHE).is_blocked
