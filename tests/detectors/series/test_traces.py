"""What is unusual in the traces of one key."""

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

import pytest

from detectors.series.anomaly import Anomaly
from detectors.series.spans import Step, Trace
from detectors.series.traces import MAX_OPERATIONS, MAX_STEPS, Report, Settings, TraceWatch
from detectors.training.trace_faults import STREAM, Fault, traces

KEY = ("shop", "gpt", "/v1/chat/completions")


def fed(watch: TraceWatch, given: Iterable[Trace]) -> list[Report]:
    return [report for trace in given if (report := watch.update(trace))]


@pytest.fixture(scope="module")
def learned() -> bytes:
    watch = TraceWatch(KEY)
    fed(watch, traces("learned", 2000))
    watch.tick(math.inf)
    return watch.snapshot()


def test_a_slow_operation(learned: bytes):
    """It is told with what it takes and usually took, since when, and with the slowest traces; it is ranked first."""
    watch = TraceWatch.restore(learned)
    (report,) = fed(watch, traces("late", 300, 5000.0, Fault(STREAM, times=3)))
    anomalies = {anomaly.kind: anomaly for anomaly in report.anomalies}
    slow = anomalies["slow operation"]
    assert (slow.key, slow.series, slow.n) == (KEY, STREAM, 2000)
    assert 5000.0 < slow.onset < 5010.0
    assert 5059.0 < slow.at < 5070.0
    assert slow.score < 1e-6
    assert 2 < (slow.value or 0.0) / (slow.baseline or 1.0) < 4
    assert all(name.startswith("late ") for name in slow.evidence)
    assert len(slow.evidence) == 20
    assert anomalies.keys() == {"slow operation", "slow path"}
    assert anomalies["slow path"].series == "gateway"
    assert report.ranking[0].operation == STREAM
    assert report.ranking[0].z > 3 * report.ranking[1].z


def test_it_goes_on_since_it_began(learned: bytes):
    """Each window says it again, with the time that it began at; when it is over and comes back, that is a new one."""
    watch = TraceWatch.restore(learned)
    fault = Fault(STREAM, times=3)
    parts = (("a", 600, 5000.0, fault), ("b", 300, 6000.0, None), ("c", 300, 7000.0, fault))
    reports = fed(watch, chain.from_iterable(traces(*part, every_s=0.1) for part in parts))
    told = [[anomaly.onset for anomaly in report.anomalies if anomaly.kind == "slow operation"] for report in reports]
    assert [len(each) for each in told] == [1, 1, 0, 1]
    assert told[0] == told[1] != told[3]


def test_evidence_of_what_is_missing(learned: bytes):
    """The traces that are shown are those without the step."""
    watch = TraceWatch.restore(learned)
    given = list(traces("late", 300, 5000.0, Fault("", "missing", share=0.3)))
    (report,) = fed(watch, given)
    (missing,) = report.anomalies
    without = {trace.trace_id for trace in given if all(step.operation != "scan" for step in trace.steps)}
    assert (missing.kind, missing.series) == ("missing span", "guard input > scan")
    assert missing.evidence
    assert set(missing.evidence) <= without


def test_not_on_the_way(learned: bytes):
    """What nobody waited for is slow, but ranked after what was waited for."""
    watch = TraceWatch.restore(learned)
    late = [
        trace._replace(steps=tuple(step._replace(self_s=9.0) if not step.is_critical else step for step in trace.steps))
        for trace in traces("late", 300, 5000.0)
    ]
    (report,) = fed(watch, late)
    assert [anomaly.series for anomaly in report.anomalies] == ["check topics"]
    assert report.ranking[-1].operation == "check topics"
    assert report.ranking[-1].z == max(each.z for each in report.ranking)


def test_nothing_is_said_while_learning():
    """Of what is not known yet, however odd."""
    watch = TraceWatch(KEY)
    reports = fed(watch, chain(traces("a", 250), traces("b", 300, 100.0, Fault(STREAM, times=20))))
    assert reports
    assert [report.anomalies for report in reports] == [[]] * len(reports)


@pytest.mark.parametrize("cut", [1, 150, 299])
def test_the_same_future(learned: bytes, cut: int):
    """A watch that goes on from what was saved says what it would have said, also within a window."""
    given = list(traces("late", 900, 5000.0, Fault(STREAM, times=2, share=0.5)))
    one = TraceWatch.restore(learned)
    fed(one, given[:cut])
    other = TraceWatch.restore(one.snapshot())
    assert fed(one, given[cut:]) == fed(other, given[cut:]) != []
    assert one.snapshot() == other.snapshot()


def test_windows():
    """A window ends with enough traces after its time, after a long time anyway, or when it is full."""
    settings = Settings(window_s=60.0, longest_s=600.0, least=5, most=50)
    few = TraceWatch(KEY, settings)
    fed(few, traces("few", 3))
    assert few.tick(500.0) is None
    assert few.tick(700.0) is not None
    assert few.tick(1e9) is None
    assert len(fed(TraceWatch(KEY, settings), traces("many", 100))) == 2
    wide = Trace("t", 0.0, 1.0, tuple(Step(f"o{at}", -1, 0.1) for at in range(MAX_STEPS // 2)))
    assert len(fed(TraceWatch(KEY, settings), [wide] * 4)) == 2


def test_odd_traces():
    """Traces without steps, or of no time, are none."""
    watch = TraceWatch(KEY)
    step = Step("a", -1, 0.1)
    assert fed(watch, [Trace("t", math.nan, 1.0, (step,)), Trace("t", math.inf, 1.0, (step,)), Trace("t", 0.0, 1.0, ())]) == []
    assert watch.tick(1e9) is None


def test_names_without_end():
    """Operations are bounded, those that are seen all the time stay, and names are cut."""
    settings = replace(Settings(), most=10)
    watch = TraceWatch(KEY, settings)
    for at in range(400):
        watch.update(Trace(f"t{at}", float(at), 1.0, (Step("steady", -1, 0.1), Step(f"{at}" * 500, 0, 0.1))))
    saved = json.loads(watch.snapshot())
    assert len(saved[1]) == MAX_OPERATIONS
    assert "steady" in saved[1]
    assert max(map(len, saved[1])) == 128
    assert len(watch.snapshot()) < 100_000


def test_anomalies_are_what_others_take():
    """A watch over failing calls says who, how many of them, and which traces."""
    watch = TraceWatch(KEY)
    fed(watch, (Trace(f"u{at}", float(at), 1.0, (Step("call", -1, 0.1, None, at % 100 == 0),)) for at in range(600)))
    reports = fed(watch, (Trace(f"v{at}", 600.0 + at, 1.0, (Step("call", -1, 0.1, None, at % 2 == 0),)) for at in range(121)))
    found: list[Anomaly] = [anomaly for report in reports for anomaly in report.anomalies]
    assert {(each.kind, each.series) for each in found} == {("failing operation", "call")}
    assert all(int(name[1:]) % 2 == 0 for each in found for name in each.evidence if name.startswith("v"))
