"""The policies in force, made ready, and which of them an exchange gets."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.config.detectors import PiiDetector
from gateway.proxy import plans as module
from gateway.proxy.plans import Detectors, Plans
from gateway.proxy.reload import Snapshot
from policies.load import LoadedPolicy
from policies.policy import Policy
from policies.subject import Subject
from tests.support.guards import DIGITS, Names, policy, rule


def snapshot(*policies: Policy) -> Snapshot:
    return Snapshot({each.name: LoadedPolicy(each, each.name[0] * 64, Path(f"{each.name}.yaml")) for each in policies}, 5.0)


def named(name: str, *rules: object, **keys: object) -> Policy:
    return policy(*rules, **keys).model_copy(update={"name": name})


def plans(*policies: Policy, named: Sequence[str] = ()) -> Plans:
    return Plans(snapshot(*policies), "default", named, lambda each: [DIGITS, Names()] if each.id == "names" else [DIGITS])


def test_the_policy_of_an_exchange():
    """The app's own, else the one that applies, else the default; always with the version that users see."""
    made = plans(named("default"), named("gpt", applies_to={"models": ["gpt-*"]}), named("own"), named=["own"])
    subject = Subject("app", "m", "chat")
    assert made.choose(subject, None, "req").version == "default@dddddddddddd"
    assert made.choose(Subject("app", "gpt-4o", "chat"), None, "req").version == "gpt@gggggggggggg"
    assert made.choose(Subject("app", "gpt-4o", "chat"), "own", "req").version == "own@oooooooooooo"


def test_a_policy_with_a_rollout():
    """It is chosen only where its turn has come, however specific it is; what others decide is left alone."""
    new = named("anew", applies_to={"apps": ["bot"]}, rollout={"of": "own", "percent": 50})
    turns = []

    def turn(name: str, subject: Subject, request_id: str) -> str | None:
        turns.append((name, subject.session, request_id))
        return "anew" if name == "own" and request_id == "r2" else None

    of = snapshot(named("default"), named("own", applies_to={"apps": ["bot"]}), new)
    made = Plans(of, "default", (), lambda each: [DIGITS], turn)
    subject = Subject("bot", "m", "chat", session="s")
    assert [made.choose(subject, None, each).policy.name for each in ("r1", "r2", "r1")] == ["own", "anew", "own"]
    assert made.choose(Subject("other", "m", "chat"), None, "r2").policy.name == "default"
    assert made.choose(subject, "own", "r2").policy.name == "anew"
    assert turns[1] == ("own", "s", "r2")


def test_every_plan_knows_what_is_kept_of_texts():
    """What the settings say of it is said to each exchange by its plan."""
    made = Plans(snapshot(named("default"), named("own")), "default", ["own"], lambda each: [DIGITS], keep_text="redacted")
    assert [made.choose(Subject("app", "m", "chat"), app, "r").keep_text for app in (None, "own")] == ["redacted"] * 2


def test_choices_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch):
    """The same subject gets the same plan; what clients make up as model names fills no memory, in number or in length."""
    monkeypatch.setattr(module, "_MAX_CHOICES", 10)
    made = plans(named("default"))
    first = made.choose(Subject("", "m", "chat"), None, "req")
    for number in range(100):
        assert made.choose(Subject("", f"m{number}", "chat"), None, "req") is first
        made.choose(Subject("", "x" * 10_000 + str(number), "chat"), None, "req")
    assert len(made._choices) <= 10
    assert max(len(model) for _, model, *_ in made._choices) < 300


def test_what_pool_workers_load():
    """Each configuration once, whichever policies ask for it."""
    made = plans(named("default", rule("names", "redact"), rule("digits", "flag")), named("other", rule("names", "block")), named=["other"])
    assert made.factories() == [Names.factory]
    assert plans(named("default", rule("digits", "flag"))).factories() == []


def test_status():
    """What people on call are shown of all that are loaded: versions and files by name, which is the default, and which decide nothing."""
    made = plans(named("other", rule("a", "flag"), mode="shadow"), named("default"))
    assert made.status() == [
        {"name": "default", "version": "default@dddddddddddd", "digest": "d" * 64, "file": "default.yaml", "mode": "enforce", "rules": 0,
         "is_default": True, "is_choosable": True},
        {"name": "other", "version": "other@oooooooooooo", "digest": "o" * 64, "file": "other.yaml", "mode": "shadow", "rules": 1,
         "is_default": False, "is_choosable": False},
    ]  # fmt: skip


def test_detectors_are_built_once(monkeypatch: pytest.MonkeyPatch):
    """A reload that leaves a rule's configuration alone builds nothing; what no rule asks for any more is forgotten."""
    built: list[object] = []
    monkeypatch.setattr(module, "build", lambda name, options: built.append((name, options)) or (DIGITS,))
    detectors = Detectors(PiiDetector())
    mails, names = rule("a", "flag", entities=["EMAIL_ADDRESS"]), rule("b", "flag", entities=["PERSON"])
    same = rule("c", "block", entities=["EMAIL_ADDRESS"], scope=["user"])
    first = detectors.of(mails)
    assert detectors.of(same) is first
    detectors.of(names)
    assert len(built) == 2
    detectors.keep_only([same])
    assert detectors.of(mails) is first
    detectors.of(names)
    assert len(built) == 3


def test_what_a_rule_asks_of_its_detector(monkeypatch: pytest.MonkeyPatch):
    """Entities, patterns, allow-list, and where the settings say that models are."""
    built: list = []
    monkeypatch.setattr(module, "build", lambda name, options: built.append((name, options)) or ())
    pattern = {"name": "TICKET", "regex": "T-[0-9]{6}", "context": ["ticket"]}
    settings = PiiDetector(ner_model=Path("models/names"), cache_dir=Path("cache"))
    Detectors(settings).of(rule("a", "flag", entities=["TICKET"], patterns=[pattern], allow_list=["T-000000"]))
    ((name, options),) = built
    assert (name, options.entities, options.allow_list, options.ner_model, options.cache_dir) == (
        "pii", ("TICKET",), ("T-000000",), "models/names", "cache",
    )  # fmt: skip
    assert [(each.name, each.regex, each.context) for each in options.patterns] == [("TICKET", "T-[0-9]{6}", ("ticket",))]


def test_what_may_be_run():
    """All rules of the policies that an exchange can get, and what their domains look for in texts; no other has its detectors built."""
    asked: list[str] = []
    new = named("anew", rule("d", "flag"), applies_to={"apps": ["bot"]}, rollout={"of": "named", "percent": 50})
    lost = named("lost", rule("e", "flag"), applies_to={"apps": ["bot"]}, rollout={"of": "unused", "percent": 50})
    bounded = named("bounded", rule("b", "flag"), applies_to={"apps": ["bot"]}, domain={"languages": ["en"]})
    unused = named("unused", rule("f", "flag"))
    of = snapshot(named("default", rule("a", "flag")), bounded, named("named", rule("c", "flag")), new, unused, lost)
    made = Plans(of, "default", ["named"], lambda each: asked.append(each.id) or [DIGITS])
    assert sorted(each.id for each in made.rules()) == sorted(asked) == ["a", "b", "c", "d", "domain.languages"]
    assert {each["name"]: each["is_choosable"] for each in made.status()} == {
        "anew": True, "bounded": True, "default": True, "lost": False, "named": True, "unused": False,
    }  # fmt: skip
