"""Evidently's preset for drift on the streams of ``eval drift``, as a monitor would use it: a report on each 500 exchanges, by its
defaults. Reports take seconds, so that there are few of them: of some of the changes, and of one new domain.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from detectors.series.observation import side
from detectors.training.drift_streams import NOTHING, Text, Traffic
from detectors.training.evaluate_drift import LEARNED, SCENARIOS, Scenario, domains, traffic
from gateway.watch.drift.reporting import reports
from gateway.watch.drift.windows import MOST, Tables, tables

EVERY = 500
NO_DRIFT = 20
"""Reports without a change."""
AFTER = 3
"""Reports after each change."""
CHANGES = frozenset({
    "new topic 10%", "new topic 30%", "language 10%", "six times as long 10%", "new template 10%", "blocked 1% → 3%", "blocked 1% → 5%",
    "refused 3% → 6%", "a rule of 4% goes silent",
})  # fmt: skip

Texts = Mapping[str, Sequence[Text]]


def baseline(texts: Texts, split: str) -> dict[str, Any]:
    """What is flagged without a change, and of each change, exchanges until it is flagged. Raises ``ReportError``.

    A column counts as flagged for a change if less than half of the reports without one flag it.
    """
    new = domains(texts, split)[0]
    known = traffic(texts, new)
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in CHANGES]
    said = reports(window for scenario in (None, *scenarios) for window in _windows(known, new, scenario))
    flagged = [{name for name, column in each.items() if column["drifted"]} for each in said]
    usual = flagged[:NO_DRIFT]
    columns = {name: sum(name in each for each in usual) for name in sorted(set().union(*usual))}
    always = {name for name, count in columns.items() if 2 * count >= NO_DRIFT}
    after = iter(flagged[NO_DRIFT:])
    return {
        "every": EVERY,
        "reference": MOST,
        "no_drift": {"reports": NO_DRIFT, "with_alarm": sum(bool(each) for each in usual), "columns": columns},
        "delays": {scenario.name: _delay([each - always for each in islice(after, AFTER)], scenario.sides) for scenario in scenarios},
    }


def _windows(known: Traffic, new: str, scenario: Scenario | None) -> Iterator[Tables]:
    """What was usual beside each 500 exchanges that came then; the newest first, as they are read from a store."""
    usual = list(known.stream(LEARNED - MOST, MOST, f"{new} learned"))[::-1]
    count = NO_DRIFT if scenario is None else AFTER
    stream = known.stream(LEARNED, EVERY * count, f"{new} then", scenario.change if scenario else NOTHING)
    for _ in range(count):
        yield tables(usual, list(islice(stream, EVERY))[::-1])


def _delay(found: Sequence[Collection[str]], sides: Sequence[str]) -> int | None:
    """Exchanges until the end of the first report that flags a column on which the change shows."""
    return next((number * EVERY for number, names in enumerate(found, start=1) if any(side(name) in sides for name in names)), None)


def lines(said: Mapping[str, Any]) -> list[str]:
    usual = said["no_drift"]
    often = ", ".join(f"{name} {count}" for name, count in sorted(usual["columns"].items(), key=lambda each: -each[1]))
    return [
        "",
        f"Evidently's preset, a report on each {said['every']} exchanges beside {said['reference']} usual ones:",
        f"reports without drift that flag a column: {usual['with_alarm']} of {usual['reports']} ({often or 'none'})",
        *(f"{name:<30}{'-' if delay is None else delay:>6}" for name, delay in said["delays"].items()),
    ]
