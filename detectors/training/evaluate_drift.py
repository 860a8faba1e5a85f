"""How soon drift is found, and how often it is found where there is none. Pure, given labelled texts.

A data set's domains are the topics. Each of some domains in turn is new to an application that has learned all the others; half of the
domains were for tuning, the other half for the figures. Each run goes on from a snapshot of what was learned.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from detectors.series.drift import DriftWatch, Report, Settings
from detectors.series.observation import Observation
from detectors.series.reference import Reference
from detectors.training.drift_streams import MONDAY, Change, Text, Traffic

LEARNED = 30_000
"""Exchanges before a run: three working days, of which each part of the day is known."""
_WEEKEND = 50_000
_BEFORE, _AFTER = 500, 9000
_BACK_AFTER = 1500
SEEDS = 2
OUT_OF_SCOPE = "oos"


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    change: Change
    sides: tuple[str, ...]
    """The sides of an exchange on which it shows. What is found on another is a false alarm."""


SCENARIOS = (
    *(Scenario(f"new topic {share:.0%}", Change(new_topic=share), ("input",)) for share in (0.05, 0.1, 0.2, 0.3, 0.5)),
    *(Scenario(f"language {share:.0%}", Change(language=share), ("input",)) for share in (0.05, 0.1, 0.2, 0.5)),
    *(Scenario(f"six times as long {share:.0%}", Change(length=share), ("input", "cost")) for share in (0.05, 0.1, 0.2, 0.5)),
    *(Scenario(f"new template {share:.0%}", Change(template=share), ("template",)) for share in (0.05, 0.1, 0.2, 0.5)),
    *(Scenario(f"blocked 1% → {share:.0%}", Change(blocked=share), ("policy",)) for share in (0.03, 0.05)),
    Scenario("refused 3% → 6%", Change(refused=0.06), ("output",)),
    Scenario("answers 1.3 times as long", Change(answer_times=1.3), ("output", "cost", "upstream")),
    Scenario("a rule of 4% goes silent", Change(silent_pii=True), ("detector", "policy")),
)


@dataclass(frozen=True, slots=True)
class Found:
    """Of the runs of a scenario, the exchanges until it was found; infinite where it was not."""

    delays: tuple[float, ...]
    false: int

    def as_json(self) -> dict[str, float | None]:
        found = [delay for delay in self.delays if math.isfinite(delay)]
        median = statistics.median(self.delays)
        late = sorted(self.delays)[math.ceil(0.9 * len(self.delays)) - 1]
        return {
            "runs": len(self.delays),
            "found": round(len(found) / len(self.delays), 3),
            "median": median if math.isfinite(median) else None,
            "p90": late if math.isfinite(late) else None,
            "false": self.false,
        }


def domains(texts: Mapping[str, Sequence[Text]], split: str) -> list[str]:
    """Those that are new in turn: every second one is for tuning."""
    names = sorted(set(texts) - {OUT_OF_SCOPE})
    return {"dev": names[::2], "held-out": names[1::2], "all": names}[split]


def traffic(texts: Mapping[str, Sequence[Text]], new: str) -> Traffic:
    return Traffic({name: each for name, each in texts.items() if name not in (new, OUT_OF_SCOPE)}, texts[new])


def learned(known: Traffic, seed: str) -> bytes:
    watch = DriftWatch()
    for _ in _reports(watch, known.stream(0, LEARNED, f"{seed} learned")):
        pass
    return watch.snapshot()


def run(snapshot: bytes, known: Traffic, scenario: Scenario, seed: str) -> tuple[float, int]:
    """Exchanges until found, and false alarms until then."""
    start = LEARNED + sum(seed.encode()) * 997 % (_WEEKEND - LEARNED - _BEFORE - _AFTER)
    begins = start + _BEFORE
    stream = chain(known.stream(start, _BEFORE, f"{seed} before"), known.stream(begins, _AFTER, f"{seed} {scenario.name}", scenario.change))
    false = 0
    for number, report in _reports(DriftWatch.restore(snapshot), stream):
        for shift in report.shifts:
            if shift.change == "began":
                if number >= _BEFORE and shift.status.name.partition(".")[0] in scenario.sides:
                    return number + 1 - _BEFORE, false
                false += 1
    return math.inf, false


def delays(texts: Mapping[str, Sequence[Text]], split: str, scenarios: Sequence[Scenario] = SCENARIOS) -> dict[str, Found]:
    """Of each scenario, all runs."""
    runs: dict[str, list[tuple[float, int]]] = {scenario.name: [] for scenario in scenarios}
    for new in domains(texts, split):
        known = traffic(texts, new)
        snapshot = learned(known, new)
        for scenario in scenarios:
            runs[scenario.name] += [run(snapshot, known, scenario, f"{new} {seed}") for seed in range(SEEDS)]
    return {name: Found(tuple(delay for delay, _ in each), sum(false for _, false in each)) for name, each in runs.items()}


def recovery(texts: Mapping[str, Sequence[Text]], split: str, share: float = 0.3) -> Found:
    """Exchanges from the end of a new topic until it is told that it has ended."""
    found = []
    for new in domains(texts, split):
        known = traffic(texts, new)
        watch = DriftWatch.restore(learned(known, new))
        begins, ends = LEARNED, LEARNED + _BACK_AFTER
        for _ in _reports(watch, known.stream(begins, _BACK_AFTER, f"{new} drift", Change(new_topic=share))):
            pass
        found.append(math.inf)
        for number, _ in _reports(watch, known.stream(ends, _AFTER, f"{new} back")):
            if not any(status.state == "drifting" for status in watch.status()):
                found[-1] = number + 1
                break
    return Found(tuple(found), 0)


def false_alarms(texts: Mapping[str, Sequence[Text]], new: str, exchanges: int, seed: str) -> list[str]:
    """The features that were said to drift, where nothing did: fifteen features, with a daily cycle and weekends."""
    stream = traffic(texts, new).stream(0, exchanges, seed)
    return _began(DriftWatch(), stream)


def burst_alarms(texts: Mapping[str, Sequence[Text]], new: str, seed: str, exchanges: int = 20_000) -> list[str]:
    """The same, where one of two hundred users sends the same text over and over for ten minutes."""
    known = replace(traffic(texts, new), sources=200)
    watch = DriftWatch()
    for _ in _reports(watch, known.stream(0, LEARNED, f"{seed} learned")):
        pass
    same = next(iter(replace(known, topics={new: texts[new][:1]}).stream(LEARNED, 1, seed)))
    ordinary = known.stream(LEARNED, 5000, seed)
    flood = (replace(same, id=f"b{at}", ts=MONDAY + 3 * 86_400 + at * 600 / exchanges, source="user b") for at in range(exchanges))
    mixed = sorted(chain(ordinary, flood), key=lambda each: each.ts or 0.0)
    return _began(watch, mixed)


def _began(watch: DriftWatch, stream: Iterable[Observation]) -> list[str]:
    return [shift.status.name for _, report in _reports(watch, stream) for shift in report.shifts if shift.change == "began"]


def _reports(watch: DriftWatch, stream: Iterable[Observation]) -> Iterator[tuple[int, Report]]:
    for number, observation in enumerate(stream):
        report = watch.update(observation)
        if report:
            yield number, report


@dataclass(frozen=True, slots=True)
class LabelledStream:
    """Texts in order, and the number of the first that drifted, where one did."""

    name: str
    kind: str
    texts: Sequence[Text]
    change_at: int | None


def judged(stream: LabelledStream, first: int = 500) -> dict[str, int | str | None]:
    """What is said of a stream of which the first so many texts are usual: exchanges until found, and alarms without a drift."""
    watch = DriftWatch(settings=Settings(Reference(least=first, size=first)))
    found, false = None, 0
    observations = (
        Observation(
            f"{at}",
            numeric={"input.characters": text.characters, "input.unknown_words": text.unknown},
            sketches={"input.topics": text.bucket},
        )
        for at, text in enumerate(stream.texts)
    )
    for number, report in _reports(watch, observations):
        began = sum(shift.change == "began" for shift in report.shifts)
        if stream.change_at is None or number < stream.change_at:
            false += began
        elif found is None and began:
            found = number + 1 - stream.change_at
    return {"stream": stream.name, "kind": stream.kind, "delay": found, "false": false}
