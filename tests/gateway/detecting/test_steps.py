"""Steps of exchanges that got slow, pause or fail, as symptoms."""

import itertools
import random
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.steps import Steps
from gateway.incidents.symptom import Symptom
from tests.gateway.detecting.stepped import START, failed, record, records

WARM_S = 900
FAULTS: list[tuple[dict[str, Any], set[tuple[str, str, str]]]] = [
    ({"slower": 3.0}, {("slow operation", "first piece of near", "latency")}),
    ({"pause_ms": 900.0}, {("stall", "stream of near", "latency")}),
    (failed(), {("failing operation", "gateway", "errors"), ("failing operation", "call", "errors")}),
]


def told(steps: Steps, given: Iterable[dict[str, Any]]) -> list[Symptom]:
    """With a tick each second."""
    found, now = [], 0.0
    for each in given:
        ended = each["ts"] + each["timings_ms"]["total"] / 1000
        while now < ended:
            now = max(now + 1, ended - 1)
            found += steps.tick(now)
        found += steps.take(each)
    return found


@pytest.fixture(scope="module")
def learned() -> bytes:
    steps = Steps()
    assert told(steps, records(WARM_S)) == []
    return steps.snapshot()


def restored(data: bytes) -> Steps:
    steps = Steps()
    steps.restore(data)
    return steps


@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=["slow", "stall", "failing"])
def test_faults(learned: bytes, fault: dict[str, Any], expected: set[tuple[str, str, str]]):
    """What is wrong with a step is told within a minute, with where it is, its exchanges and their traces."""
    found = told(restored(learned), records(60, WARM_S, **fault))
    first = {(each.kind, each.series, each.about): each for each in reversed(found)}
    assert expected <= first.keys()
    for key in expected:
        symptom = first[key]
        assert symptom.level >= 1
        assert (symptom.modality, symptom.is_harm) == ("trace", True)
        assert (symptom.dimension("app"), symptom.dimension("model"), symptom.dimension("route")) == ("shop", "gpt", "/v1/chat/completions")
        assert symptom.dimension("upstream") == ("near" if key[1].endswith(" near") else "")
        assert abs(symptom.onset - START - WARM_S) < 25
        assert symptom.evidence[0].startswith("req_")
        assert [f"req_{each[-24:]}" for each in symptom.traces] == list(symptom.evidence)


def test_a_retry_storm(learned: bytes):
    """Calls that are made again and again are told as retries, which are no harm by themselves."""
    call, answered = failed()["attempts"][0], next(records(1))["attempts"][0]
    found = told(restored(learned), records(60, WARM_S, attempts=[call, call, call, answered]))
    storm = next(each for each in found if each.kind == "retry storm")
    assert (storm.series, storm.about, storm.is_harm) == ("gateway > call", "retries", False)


@pytest.mark.parametrize(
    "fields",
    [{"slower": 1.2}, {"stream": False}, {"attempts": []}, {"app": "new", "slower": 3.0}],
    ids=["a little slower", "no longer streamed", "no longer called", "a new application"],
)
def test_what_opens_nothing(learned: bytes, fields: dict[str, Any]):
    """A little more, another way to ask, what a policy stops, and what nothing is known of."""
    assert told(restored(learned), records(60, WARM_S, **fields)) == []


def test_unguarded(learned: bytes):
    """That what is asked is no longer looked at is told."""
    found = told(restored(learned), records(60, WARM_S, stages=[]))
    assert {(each.kind, each.series, each.about) for each in found} == {("missing span", "gateway > guard input", "other")}


def test_it_goes_on_and_ends(learned: bytes):
    """What goes on is told every step; when it is over, no more."""
    steps = restored(learned)
    found = told(steps, records(120, WARM_S, slower=3.0))
    ats = [each.at for each in found if each.kind == "slow operation"]
    assert max(after - before for before, after in itertools.pairwise(ats)) <= 10.5
    assert len({each.fingerprint for each in found if each.kind == "slow operation"}) == 1
    told(steps, records(60, WARM_S + 120))
    assert told(steps, records(120, WARM_S + 180)) == []


def test_nothing_more_is_heard(learned: bytes):
    """A fault after which all traffic ends is no fault for ever."""
    steps = restored(learned)
    assert told(steps, records(60, WARM_S, slower=3.0))
    end = START + WARM_S + 60
    assert list(steps.tick(end + 11))
    assert [each for second in range(400, 500) for each in steps.tick(end + second)] == []


def test_a_busy_hour(learned: bytes):
    """Five times the traffic is none of its business."""
    assert told(restored(learned), records(300, WARM_S, each_s=15)) == []


def test_ranking(learned: bytes):
    """What got slow comes first, for whoever asks about that part of the traffic, for a while."""
    steps = restored(learned)
    told(steps, records(60, WARM_S, slower=3.0))
    now = START + WARM_S + 60
    assert [each.operation for each in steps.ranking((("app", "shop"),), now)][:1] == ["first piece of near"]
    assert steps.ranking((("app", "other"),), now) == []
    assert steps.ranking((), now + 3600) == []


def test_made_up_names():
    """However many names a client makes up, there is no more than so much of it, and who has traffic stays."""
    steps = Steps(most=10)
    told(steps, records(100))
    told(steps, (each | {"model": f"made up {number}"} for number, each in enumerate(records(100, 100))))
    assert steps.evicted >= 280
    keys = [key for key, *_ in orjson.loads(steps.snapshot())["keys"]]
    assert len(keys) == 10
    assert ["shop", "gpt", "/v1/chat/completions"] in keys


def test_names_that_nobody_answers():
    """What fails from the first begins nothing."""
    steps = Steps()
    told(steps, records(10, model="none", **failed()))
    assert orjson.loads(steps.snapshot())["keys"] == []


@pytest.mark.parametrize("ts", [-1e300, 0.0, START - 3600, START + 1e9, 1e308])
def test_other_times(ts: float):
    """An exchange of long ago is not used; one of a time to come ended now, and moves no window of the others."""
    steps = Steps()
    told(steps, records(30))
    before = steps.unusable
    steps.take(next(records(1)) | {"ts": ts})
    assert steps.unusable - before == (ts < START)
    assert told(steps, records(120, 30)) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(
        st.tuples(st.sampled_from([*next(records(1)), "attempts.upstream", "attempts.ms", "stages.busy", "stages.stage"]), JSON), max_size=3
    )
)
def test_whatever_a_record_holds(changes: list[tuple[str, Any]]):
    """Nothing is raised, then or later."""
    steps = Steps()
    for each in records(20):
        for name, value in changes:
            part, _, inner = name.partition(".")
            if inner and isinstance(each[part], list) and each[part] and isinstance(each[part][0], dict):
                each[part] = [{**each[part][0], inner: value}]
            elif not inner:
                each[part] = value
        steps.take(each)
    steps.tick(START + 500)
    restored(steps.snapshot())


@given(st.integers(0, 400))
def test_resumed(at: int):
    """Restored at any place, it goes on to tell the same."""
    given = [*records(120, each_s=2), *records(60, 120, each_s=2, slower=4.0)]
    one = Steps()
    told(one, given[:at])
    other = restored(one.snapshot())
    plain = [(each.kind, each.series, round(each.level, 6), each.onset) for each in told(one, given[at:])]
    assert plain == [(each.kind, each.series, round(each.level, 6), each.onset) for each in told(other, given[at:])]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"v":2}', b'{"v":1,"keys":[[1]],"lasting":[]}', b'{"v":1,"keys":[],"lasting":{}}'])
def test_no_snapshot(data: bytes):
    """What is none is said to be none."""
    with pytest.raises(ValueError, match="no snapshot of this version"):
        Steps().restore(data)


def test_a_record_by_itself():
    """The records here are such as a gateway writes: each is taken."""
    steps = Steps()
    steps.take(record(START, 1, random.Random(1)))
    assert steps.unusable == 0
