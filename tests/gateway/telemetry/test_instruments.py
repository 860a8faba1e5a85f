"""The metrics: what an exchange adds to them, and that no client can make their number grow."""

import re

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from gateway.guard.outcome import Findings, Unread
from gateway.guard.review import Hit
from gateway.telemetry import instruments as module
from gateway.telemetry.instruments import Durations, Instruments, Reading, Readings
from gateway.telemetry.names import Names
from gateway.telemetry.record import Consistency, Exchange
from gateway.wire.model import Usage
from policies.verdict import Action, Fired
from policies.vocabulary import Scope


@pytest.fixture
def instruments() -> Instruments:
    return Instruments(CollectorRegistry())


def samples(instruments: Instruments) -> dict[str, float]:
    """What changed, as a scrape shows it."""
    lines = generate_latest(instruments.registry).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#") and "_created" not in line and "_bucket" not in line)
    return {name: float(value) for name, value in pairs if float(value)}


def hit(**fields: object) -> Hit:
    shape = {"rule": "r", "kind": "pii.PERSON", "start": 0, "end": 1, "score": 1.0, "action": Action.REDACT, "shadow": False}
    return Hit(Fired(**(shape | fields)), "")


def exchange(**fields: object) -> Exchange:
    shape = {"surface": "chat", "end": 13.0, "upstream_s": 2.0, "guard_s": 0.25, "first_byte": 11.5}
    return Exchange("req_1", 0.0, 10.0, **(shape | fields))


def test_an_exchange(instruments: Instruments):
    """Each exchange is counted once, with its times."""
    instruments.observe(exchange(is_stream=True, usage=Usage(3, None)))
    shape = '{stream="true",surface="chat"}'
    assert samples(instruments) == {
        'oddgate_requests_total{decision="allow",outcome="completed",surface="chat"}': 1,
        f"oddgate_overhead_seconds_count{shape}": 1,
        f"oddgate_overhead_seconds_sum{shape}": 1,
        f"oddgate_guards_seconds_count{shape}": 1,
        f"oddgate_guards_seconds_sum{shape}": 0.25,
        f"oddgate_upstream_seconds_count{shape}": 1,
        f"oddgate_upstream_seconds_sum{shape}": 2,
        f"oddgate_first_byte_seconds_count{shape}": 1,
        f"oddgate_first_byte_seconds_sum{shape}": 1.5,
        'oddgate_tokens_total{app="",model="",provider="",type="input"}': 3,
        'oddgate_unpriced_exchanges_total{app="",model="",provider="",reason="no_price"}': 1,
    }


def test_an_exchange_under_measures(instruments: Instruments):
    """Each measure that has changed it is counted by what it does; their ids are no labels."""
    under = exchange()
    for name, kind in (("a:inc-1", "tighten"), ("b:inc-1", "tighten"), ("c:inc-2", "switch_upstream"), ("c:inc-2", "switch_upstream")):
        under.note_measure(name, kind)
    instruments.observe(under)
    applied = {name: value for name, value in samples(instruments).items() if "measures" in name}
    assert applied == {
        'oddgate_measures_applied_total{kind="tighten"}': 2,
        'oddgate_measures_applied_total{kind="switch_upstream"}': 1,
    }


def spent(instruments: Instruments, what: str, **fields: object) -> dict[str, float]:
    """What an exchange changes of the metrics whose names begin so, under the names of ``NAMES``."""
    instruments.observe(exchange(**({"model": "gpt-4o-2024", "upstream": "east", "app": "shop", "status": 200} | fields)))
    return {name: value for name, value in samples(instruments).items() if re.match(what, name)}


@pytest.fixture
def named() -> Instruments:
    return Instruments(CollectorRegistry(), Names({"gpt-4o-2024": "gpt-4o"}.get, {"east": "openai"}, ["shop"]))


def test_tokens_and_cost(named: Instruments):
    """By what the settings call the model, the provider and the app; with the tokens of answers that were only compared."""
    used = 'app="shop",model="gpt-4o",provider="openai"'
    other = Consistency(0.5, 1, 1, Usage(10, 1))
    found = spent(named, "oddgate_(tokens|cached|cost|unpriced)", usage=Usage(30, 4, 20, 5), cost_usd=0.25, consistency=other)
    assert found == {
        f'oddgate_tokens_total{{{used},type="input"}}': 40,
        f'oddgate_tokens_total{{{used},type="output"}}': 5,
        f'oddgate_cached_tokens_total{{{used},type="read"}}': 20,
        f'oddgate_cached_tokens_total{{{used},type="write"}}': 5,
        f"oddgate_cost_usd_total{{{used}}}": 0.25,
    }
    assert spent(named, "oddgate_cost", usage=Usage(1, 1), cost_usd=0.125)[f"oddgate_cost_usd_total{{{used}}}"] == 0.375


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"usage": Usage(3, 4)}, "no_price"),
        ({"usage": Usage(3, 4), "surface": "embeddings"}, "no_price"),
        ({}, "no_usage"),
        ({"consistency": Consistency(0.5, 1, 1, Usage(10, 1))}, "no_usage"),
        ({"surface": "embeddings"}, None),
        ({"status": 429}, None),
        ({"status": 0, "upstream": None}, None),
        ({"usage": Usage(0, 0), "cost_usd": 0.0}, None),
    ],
)
def test_what_has_no_cost(named: Instruments, fields: dict, reason: str | None):
    """What an answer cost is known, or it is said that it is not, and why; where no model answered, nothing is."""
    series = f'oddgate_unpriced_exchanges_total{{app="shop",model="gpt-4o",provider="openai",reason="{reason}"}}'
    assert spent(named, "oddgate_unpriced", **fields) == ({series: 1} if reason else {})


def test_decisions(instruments: Instruments):
    """What each rule said and what was done; and where one could not look, whether the exchange went on."""
    request, response = Findings(), Findings()
    request.add((), Scope.USER, [hit(), hit(), hit(shadow=True, rule="new"), hit(rule="t", kind="pii", why="timeout", action=Action.BLOCK)])
    response.add((), Scope.OUTPUT, [hit(rule="u", kind="pii", why="overload", action=Action.FLAG)])
    instruments.observe(exchange(request=request, response=response, policy="strict@0123456789ab", is_stream=True))
    found = {name: value for name, value in samples(instruments).items() if re.match("oddgate_(decisions|fail_)", name)}
    assert found == {
        'oddgate_decisions_total{action="redact",policy="strict",rule="r",stage="input",verdict="redact"}': 1,
        'oddgate_decisions_total{action="allow",policy="strict",rule="new",stage="input",verdict="redact"}': 1,
        'oddgate_decisions_total{action="block",policy="strict",rule="t",stage="input",verdict="block"}': 1,
        'oddgate_decisions_total{action="flag",policy="strict",rule="u",stage="stream",verdict="flag"}': 1,
        'oddgate_fail_closed_total{policy="strict",reason="timeout",rule="t",stage="input"}': 1,
        'oddgate_fail_open_total{policy="strict",reason="overload",rule="u",stage="stream"}': 1,
    }


def test_scans(instruments: Instruments):
    """By detector and where it ran."""
    instruments.scanned("pii", "inline", 0.00002)
    instruments.scanned("pii", "pool", 0.5)
    instruments.scanned("pii", "pool", 0.25)
    assert samples(instruments) == {
        'oddgate_detector_seconds_count{cost="inline",detector="pii"}': 1,
        'oddgate_detector_seconds_sum{cost="inline",detector="pii"}': 0.00002,
        'oddgate_detector_seconds_count{cost="pool",detector="pii"}': 2,
        'oddgate_detector_seconds_sum{cost="pool",detector="pii"}': 0.75,
    }


def test_policies(instruments: Instruments):
    """Reloads, and both sides of rollouts, are counted."""
    instruments.policies_reloaded("ok")
    for decision in ("allow", "block", "block"):
        instruments.rollout_counted("next", "new", decision)
    instruments.rollout_changed("next", "rolled_back")
    assert samples(instruments) == {
        'oddgate_policy_reloads_total{result="ok"}': 1,
        'oddgate_rollout_exchanges_total{decision="allow",rollout="next",version="new"}': 1,
        'oddgate_rollout_exchanges_total{decision="block",rollout="next",version="new"}': 2,
        'oddgate_rollout_changes_total{change="rolled_back",rollout="next"}': 1,
    }


def test_an_exchange_that_nothing_read(instruments: Instruments):
    """It is counted apart too, by the name that the settings give its path."""
    instruments.observe(exchange(surface="old", is_unguarded=True))
    instruments.observe(exchange())
    assert {name: value for name, value in samples(instruments).items() if "unguarded" in name} == {
        'oddgate_unguarded_total{surface="old"}': 1
    }


def test_buckets():
    """Each bucket counts the times up to its bound, that one included; the last counts them all."""
    registry = CollectorRegistry()
    durations = Durations("waited_seconds", "Waits.", ("shape",), (0.5, 1.0))
    registry.register(durations)
    for seconds in (0.25, 0.5, 0.75, 9.0):
        durations.add(("a",), seconds)
    durations.add(("b",), 1.0)
    buckets = {
        (sample.labels["shape"], sample.labels["le"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.endswith("_bucket")
    }
    assert buckets == {("a", "0.5"): 2, ("a", "1.0"): 3, ("a", "+Inf"): 4, ("b", "0.5"): 0, ("b", "1.0"): 1, ("b", "+Inf"): 1}


def test_what_fired(instruments: Instruments):
    """Matches are findings; checks that could not run, and parts that cannot be read, are counted apart, for request and answer."""
    request, response = Findings(), Findings()
    request.add((), Scope.USER, [hit(), hit(), hit(shadow=True), hit(kind="pii", why="timeout", action=Action.BLOCK)])
    response.add((), Scope.OUTPUT, [hit()])
    response.unread.append(Unread((), "image", Action.FLAG))
    instruments.observe(exchange(request=request, response=response))
    found = samples(instruments)
    assert found['oddgate_findings_total{action="redact",kind="pii.PERSON",shadow="false"}'] == 3
    assert found['oddgate_findings_total{action="redact",kind="pii.PERSON",shadow="true"}'] == 1
    assert found['oddgate_unchecked_total{action="block",reason="timeout"}'] == 1
    assert found['oddgate_uninspectable_total{action="flag",kind="image"}'] == 1


def test_an_exchange_without_an_answer(instruments: Instruments):
    """Nothing is said of a first byte that never came."""
    instruments.observe(exchange(first_byte=None, outcome="client_disconnected"))
    assert not [name for name in samples(instruments) if name.startswith("oddgate_first_byte")]


def test_no_label_is_the_clients(instruments: Instruments):
    """Neither models nor apps that the settings do not name, ids or places are labels, so that what clients send makes no new series."""
    asked = {"usage": Usage(1, 1), "status": 200, "upstream": "east"}
    instruments.observe(exchange(model="model", app="app", policy="p@0", **asked))
    before = len(samples(instruments))
    for number in range(50):
        instruments.observe(exchange(model=f"model-{number}", app=f"app-{number}", policy=f"p@{number}", **asked))
    assert len(samples(instruments)) == before


def test_a_metric_has_only_so_many_series(instruments: Instruments, monkeypatch: pytest.MonkeyPatch):
    """What comes beyond is counted under ``other``, and that is counted too; what has a series keeps it, and no count is lost."""
    monkeypatch.setattr(module, "MAX_SERIES", 3)
    for surface in ("a", "b", "c", "d", "e", "b", "f", "d"):
        instruments.observe(exchange(surface=surface))
    found = samples(instruments)
    ended = 'oddgate_requests_total{decision="allow",outcome="completed",surface="%s"}'
    assert {surface: found.get(ended % surface) for surface in "abcdef"} == {"a": 1, "b": 2, "c": 1, "d": None, "e": None, "f": None}
    assert found['oddgate_requests_total{decision="other",outcome="other",surface="other"}'] == 4
    assert found['oddgate_guards_seconds_count{stream="other",surface="other"}'] == 4
    assert found['oddgate_guards_seconds_sum{stream="other",surface="other"}'] == 1
    assert {name: value for name, value in found.items() if "overflow" in name} == {
        f'oddgate_metric_series_overflow_total{{metric="oddgate_{name}"}}': 4
        for name in ("requests_total", "overhead_seconds", "guards_seconds", "upstream_seconds", "first_byte_seconds")
    }


def test_readings():
    """Numbers that others keep are read when they are asked for; counters get their suffix."""
    registry, value = CollectorRegistry(), [1.0]
    registry.register(Readings([Reading("a_bytes", "A.", lambda: value[0]), Reading("b", "B.", lambda: 7, is_counter=True)]))
    value[0] = 2.0
    text = generate_latest(registry).decode()
    assert "a_bytes 2.0" in text
    assert "b_total 7.0" in text
    assert "# TYPE b_total counter" in text or "# TYPE b counter" in text


def test_names(instruments: Instruments):
    """Every metric is ``oddgate_<noun>_<unit>[_total]``, with a help text."""
    for metric in instruments.registry.collect():
        assert re.fullmatch(r"oddgate_[a-z]+(_[a-z]+)*", metric.name)
        assert metric.documentation.endswith(".")


def test_telemetry(instruments: Instruments):
    """What becomes of applications' own telemetry is counted by its kind, and by nothing that it says."""
    instruments.telemetry_received("logs", "accepted", 3)
    instruments.telemetry_left_out("traces", "attributes", 2)
    instruments.telemetry_forwarded("logs", "sent", 3)
    assert samples(instruments) == {
        'oddgate_telemetry_records_total{result="accepted",signal="logs"}': 3,
        'oddgate_telemetry_left_out_total{signal="traces",what="attributes"}': 2,
        'oddgate_telemetry_forwarded_total{result="sent",signal="logs"}': 3,
    }
