"""The finder of exchanges: faults are found within a minute, as one thing; quiet and busy hours are none."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detecting.exchanges import Exchanges
from gateway.incidents.symptom import Symptom, sound
from tests.gateway.detecting.simulated_hours import APPS, FAILED, NOW, Fault, read, record, traffic

WARM_S = 900.0
LATER = NOW + WARM_S


@pytest.fixture(scope="module")
def warm() -> bytes:
    finder = Exchanges()
    assert read(finder, traffic(NOW, WARM_S)) == []
    return finder.snapshot()


def again(warm: bytes) -> Exchanges:
    finder = Exchanges()
    finder.restore(warm)
    return finder


def finding(rule: str, kind: str, action: str, why: str = "match") -> dict:
    return {"rule": rule, "kind": kind, "action": action, "shadow": False, "why": why}


BLOCKED = {"decision": "block", "status": 400, "outcome": "content_filter", "findings": [finding("injection", "injection", "block")]}
FAULTS = {
    "an upstream is down": (
        Fault(FAILED, {"upstream": "near"}), "errors", "rise", {"upstream": "near", "model": "m-1"},
    ),
    "some calls of an upstream fail": (
        Fault(FAILED, {"upstream": "far"}, part=0.3), "errors", "rise", {"upstream": "far", "model": "m-2"},
    ),
    "an upstream is slow": (Fault(where={"upstream": "far"}, slower=3.0), "latency", "rise", {"upstream": "far", "model": "m-2"}),
    "every tenth answer is very slow": (
        Fault(where={"upstream": "near"}, slower=12.0, part=0.15), "latency", "rise", {"upstream": "near", "model": "m-1"},
    ),
    "an upstream takes no more": (
        Fault({"status": 429, "answer": {}}, {"upstream": "far"}, part=0.4), "errors", "rise", {"upstream": "far"},
    ),
    "answers have no end": (
        Fault({"answer": {"model": "m-1", "finish": []}}, {"model": "m-1"}, part=0.4), "errors", "rise", {"model": "m-1"},
    ),
    "a model refuses": (
        Fault({"answer": {"model": "m-1", "finish": ["refusal"]}}, {"model": "m-1"}, part=0.4), "refusals", "rise", {"model": "m-1"},
    ),
    "another model answers": (
        Fault({"answer": {"model": "m-tiny", "finish": ["stop"]}}, {"upstream": "near"}), "drift", "rise", {"upstream": "near"},
    ),
    "answers are cut short": (
        Fault({"answer": {"model": "m-2", "finish": ["length"]}}, {"name": "bot"}, part=0.5), "other", "rise", {"app": "bot"},
    ),
    "a burst of injections": (Fault(BLOCKED, {"name": "desk"}, part=0.3), "blocks", "rise", {"app": "desk", "rule": "injection"}),
    "a surge of personal data": (
        Fault({"findings": [finding("pii", "pii.US_SSN", "redact")]}, {"name": "shop"}, part=0.4),
        "other", "rise", {"app": "shop", "rule": "pii", "detector": "pii.US_SSN"},
    ),
    "a rule went silent": (Fault({"findings": []}), "other", "fall", {"app": "bot", "rule": "pii"}),
    "a detector is dead": (
        Fault({"findings": [finding("toxicity", "toxicity", "allow", "unavailable")]}, {"name": "bot"}), "other", "rise", {"app": "bot"},
    ),
    "the guards are slow": (Fault({"timings_ms": {"total": 900.0, "guards": 90.0, "upstream": 500.0}}), "latency", "rise", {}),
    "calls are made again and again": (
        Fault({"attempts": [{"upstream": "far"}] * 2}, {"upstream": "far"}, part=0.4), "retries", "rise", {"upstream": "far"},
    ),
    "answers cost more": (Fault({"cost_usd": 0.01}, {"name": "shop"}), "cost", "rise", {"app": "shop"}),
    "a runaway loop": (Fault(rates={"hr": 20.0}), "traffic", "surge", {"app": "hr"}),
    "an application goes silent": (Fault(rates={"bot": 0.0}), "traffic", "silence", {"app": "bot"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_within_a_minute(warm: bytes, name: str):
    """By what it is about, and with the dimensions that it has; and nothing is told of it that no incident could take."""
    fault, about, kind, where = FAULTS[name]
    told = read(again(warm), traffic(LATER, 70, seed=5, fault=fault))
    found = [each for each in told if (each.about, each.kind) == (about, kind) and where.items() <= dict(each.dimensions).items()]
    assert found, sorted({(each.about, each.kind, each.series, each.dimensions) for each in told})
    assert found[0].at - LATER <= 60
    assert found[0].level >= 1
    assert LATER - 15 <= found[0].onset <= found[0].at
    assert all(sound(each, each.at) is not None for each in told)


@pytest.mark.parametrize("name", ["an upstream is down", "an upstream is slow", "a rule went silent", "a runaway loop"])
def test_what_goes_on_is_told_in_every_step_as_the_same(warm: bytes, name: str):
    """So that an incident neither resolves while it goes on, nor is two."""
    fault, about, kind, _ = FAULTS[name]
    told = [each for each in read(again(warm), traffic(LATER, 120, seed=6, fault=fault)) if (each.about, each.kind) == (about, kind)]
    prints: dict[str, list[Symptom]] = {}
    for each in told:
        prints.setdefault(each.fingerprint, []).append(each)
    longest = max(prints.values(), key=len)
    assert all(later.at - sooner.at == 10 for sooner, later in pairwise(longest))
    assert longest[-1].at >= LATER + 110


@pytest.mark.parametrize("name", ["an upstream is down", "a burst of injections", "an application goes silent"])
def test_what_is_over_is_told_no_longer(warm: bytes, name: str):
    """Within a few minutes after it."""
    finder = again(warm)
    assert read(finder, traffic(LATER, 120, seed=5, fault=FAULTS[name][0]))
    told = read(finder, traffic(LATER + 120, 400, seed=6))
    assert [each for each in told if each.at > LATER + 120 + 240 and each.modality != "burn"] == []


def test_evidence_is_of_what_was_hit(warm: bytes):
    """Ids of exchanges and of traces, no more than an incident takes."""
    told = read(again(warm), traffic(LATER, 30, seed=5, fault=FAULTS["an upstream is down"][0]))
    first = next(each for each in told if each.about == "errors" and each.modality == "metric")
    assert 3 <= len(first.evidence) <= 20
    assert all(each.startswith("req_") for each in first.evidence)
    assert first.traces
    assert first.is_harm


def test_an_outage_burns_the_budget(warm: bytes):
    """Every application that it hits is told of, as what pages; those that are well are not."""
    told = read(again(warm), traffic(LATER, 300, seed=5, fault=FAULTS["an upstream is down"][0]))
    assert {each.dimension("app") for each in told if each.is_page} == {"shop", "desk"}


def test_quiet_and_busy_hours_are_nothing():
    """Traffic that trebles and falls again is as usual where its shares are."""
    finder = Exchanges()
    told = read(finder, traffic(NOW, 2400, seed=9, busy=lambda at: 3.0 if 1200 < at - NOW < 1800 else 1.0))
    assert told == []


def test_few_exchanges_say_nothing():
    """Neither does one failure of few, nor a whole new application that fails."""
    finder = Exchanges()
    for number in range(200):
        assert finder.take(record(number, NOW + number * 20, **(FAILED if number % 29 == 0 else {}))) == []
        assert finder.tick(NOW + number * 20) == []


@pytest.mark.parametrize("cut", [7, 66, 140])
def test_a_finder_goes_on_where_its_snapshot_was_taken(warm: bytes, cut: int):
    """At whichever moment, also in the middle of a step: what is told afterwards is the same."""
    seconds = list(traffic(LATER, 180, seed=5, fault=FAULTS["some calls of an upstream fail"][0]))
    one, other = again(warm), Exchanges()
    read(one, iter(seconds[:cut]))
    half = len(seconds[cut][1]) // 2
    for each in seconds[cut][1][:half]:
        one.take(each)
    other.restore(one.snapshot())
    rest = [(seconds[cut][0], seconds[cut][1][half:]), *seconds[cut + 1 :]]
    assert other.snapshot() == one.snapshot()
    assert read(other, iter(rest)) == read(one, iter(rest))
    assert other.snapshot() == one.snapshot()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"7", b"{}", b'{"version":0}', b'{"version":1}', b'{"version":1,"unusable":0,"time":[1,2],"levels":{}}'],
)
def test_what_is_no_snapshot_changes_nothing(warm: bytes, data: bytes):
    """It is refused with a ValueError, and the finder goes on as it was."""
    finder = again(warm)
    with pytest.raises(ValueError):
        finder.restore(data)
    assert finder.snapshot() == warm


def test_made_up_names_move_out_nothing(warm: bytes):
    """A flood of applications and models of which nothing is answered is not even begun to be known; one that is answered finds no room."""
    finder = Exchanges(max_keys=6)
    finder.restore(warm)
    size = len(finder.snapshot())
    for number in range(3000):
        made_up = {"app": f"app{number}", "model": f"model{number}", "upstream": f"up{number}"}
        finder.take(
            record(number, LATER + number * 0.01, **made_up, **({} if number % 2 else {"status": 404, "outcome": "upstream_error"}))
        )
    assert len(finder.snapshot()) < 4 * size + 300_000
    assert finder.evicted
    told = read(finder, traffic(LATER + 30, 60, seed=5, fault=FAULTS["an upstream is down"][0]))
    assert any(each.dimension("upstream") == "near" and each.dimension("model") == "m-1" for each in told)


def test_times_far_ahead_or_long_past_move_nothing(warm: bytes):
    """Records of a clock that goes wrong are counted now, or not at all."""
    finder = again(warm)
    for number, (at, records) in enumerate(traffic(LATER, 120, seed=5)):
        for each in records:
            assert finder.take(each) == []
        assert finder.take(record(10**6 + number, at + 1e9)) == []
        assert finder.take(record(10**7 + number, at - 1e6)) == []
        assert finder.tick(at) == []
    assert finder.late == 120


NAMES = st.sampled_from([*record(1, NOW), "id", "model", "total", "rule"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["chat", "block", "completed", "shop"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.dictionaries(st.sampled_from(sorted(record(1, NOW))), JSON), max_size=8), st.lists(st.floats(0, 1e13), max_size=4))
def test_whatever_a_record_holds_nothing_is_raised(found: list[dict], times: list[float]):
    """What cannot be used is counted; and whatever was taken, a snapshot of it can be restored."""
    finder = Exchanges()
    for number, fields in enumerate(found):
        finder.take(fields)
        finder.take({**record(number, NOW + number), **fields})
    for now in times:
        finder.tick(now)
    assert 0 <= finder.unusable <= 2 * len(found)
    other = Exchanges()
    other.restore(finder.snapshot())
    assert json.loads(other.snapshot()) == json.loads(finder.snapshot())


def test_state_is_small(warm: bytes):
    """Less than 6,000 bytes for each key, as it is kept, besides the last exchanges that were hit."""
    said = json.loads(warm)["levels"]
    keys = [key for sort in said["tallies"] for key in sort]
    assert len(keys) == 1 + 2 + len(APPS) + len(APPS)
    assert max(len(json.dumps(key)) for key in keys) < 6000


def test_what_a_measure_refuses_is_not_silent():
    """Nothing is told of an application in quarantine, neither what is refused nor that nothing else comes, nor when it is over."""
    finder = Exchanges()
    held = {"status": 403, "outcome": "quarantined", "measures": ["stop:inc-1"], "upstream": "", "attempts": []}
    told = [
        symptom
        for second in range(1800)
        for app in ("shop", "bank")
        for fields in [held if app == "shop" and 700 < second < 1200 else {}]
        for symptom in (
            *finder.take({**record(2 * second, NOW + second), "app": app, **fields}),
            *finder.tick(NOW + second),
        )
    ]
    assert told == []
    assert finder.unusable == 0


def test_an_application_that_goes_away_is_silent():
    """The same is told where no measure has refused anything."""
    finder = Exchanges()
    for second in range(700):
        for app in ("shop", "bank"):
            assert finder.take({**record(2 * second, NOW + second), "app": app}) == []
    told = [symptom for second in range(700, 800) for symptom in finder.take({**record(second, NOW + second), "app": "bank"})]
    assert {(each.kind, each.dimension("app")) for each in told} == {("silence", "shop")}
