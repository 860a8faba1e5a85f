"""What the gateway and its watch say of themselves."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.figures import ABOVE, GROWS, Figures
from gateway.incidents.symptom import Symptom
from gateway.watch.status import Status
from tests.gateway.incidents.symptoms import T0


def told(figures: Figures, name: str, values: list[float], every_s: float = 10.0, start: float = T0) -> list[list[Symptom]]:
    return [list(figures.take({name: value}, start + at * every_s)) for at, value in enumerate(values)]


def test_a_store_that_fails():
    """Its errors are told while there are more of them, with when they began; what was counted long before is not."""
    figures = Figures()
    found = told(figures, "store_errors", [70.0, 70.0, 70.0, 72.0, 74.0, 74.0])
    assert [bool(each) for each in found] == [False, False, False, True, True, True]
    symptom = found[-1][0]
    assert (symptom.modality, symptom.about, symptom.kind, symptom.series) == ("state", "telemetry", "failing", "store_errors")
    assert symptom.dimensions == (("part", "store"), ("source", "oddgate"))
    assert symptom.level == pytest.approx(4 / 3)
    assert symptom.onset == T0 + 20
    assert not symptom.is_harm
    assert list(figures.take({"store_errors": 74.0}, T0 + 400)) == []


@pytest.mark.parametrize("name", ["oddgate_journal_errors_total", "journal_errors"])
def test_names(name: str):
    """They are those of the metrics, with or without what these begin and end with."""
    found = told(Figures(), name, [0.0, 0.0, 5.0])
    assert [each.series for each in found[-1]] == ["journal_errors"]
    assert found[-1][0].is_harm


def test_a_restart():
    """A counter that begins anew has counted what it says."""
    found = told(Figures(), "worker_restarts", [8.0, 8.0, 0.0, 3.0])
    assert [len(each) for each in found] == [0, 0, 0, 1]
    assert found[-1][0].value == 3.0


def test_a_level():
    """What is too high is told once that lasts."""
    figures = Figures()
    found = told(figures, "oddgate_watch_lag_bytes", [2.0**20] * 3 + [2.0**28] * 5 + [2.0**20])
    assert [len(each) for each in found] == [0, 0, 0, 0, 0, 0, 1, 1, 0]
    assert (found[6][0].kind, found[6][0].onset, found[6][0].level) == ("too high", T0 + 30, 4.0)


@pytest.mark.parametrize("value", [float("nan"), -1.0, None, "4", True])
def test_what_is_no_figure(value: object):
    """It is counted, and nothing comes of it; nor does anything of names that are not ours."""
    figures = Figures()
    assert list(figures.take({"store_errors": value, "made_up": 7.0}, T0)) == []
    assert figures.unusable == 1


def test_the_status():
    """Nothing is told of a watch that is well, and what it says of itself is known by its names."""
    figures = Figures()
    said = {name: value for name, value in Status(ts=T0)._asdict().items() if name != "ts"}
    assert list(figures.take(said, T0)) == []
    assert {
        "store_errors",
        "store_rebuilt",
        "missed_bytes",
        "unreadable",
        "otlp_errors",
        "drift_errors",
        "bias_errors",
        "lag_bytes",
    } <= set(said)
    assert len(figures.as_json()) >= 8


@given(st.lists(st.tuples(st.sampled_from([*sorted(GROWS), *sorted(ABOVE)]), st.floats(0, 1e9), st.floats(0.1, 90)), max_size=30))
def test_restored(said: list[tuple[str, float, float]]):
    """At any point it goes on as it would have; times are never of the future."""
    one, now = Figures(), T0
    for name, value, later in said:
        now += later
        other = Figures()
        other.read_json(orjson.loads(orjson.dumps(one.as_json())))
        found = list(one.take({name: value}, now))
        assert found == list(other.take({name: value}, now))
        assert all(each.onset <= now for each in found)
