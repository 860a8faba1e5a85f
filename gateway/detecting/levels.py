"""The tallies of exchanges, and what each step makes of them: symptoms, with the dimensions that nearly all it hits have in common.

How unlikely a thing must be goes by how many things are looked at.
"""

from collections import Counter, deque
from collections.abc import Iterator
from math import log
from typing import Any, NamedTuple

from detectors.series.anomaly import limited
from gateway.detecting.bounded import Bounded
from gateway.detecting.facts import Facts, Hit
from gateway.detecting.flows import Flow
from gateway.detecting.heights import Side
from gateway.detecting.rises import Rise
from gateway.detecting.sorts import APP, APP_MODEL, FINDINGS, UPSTREAM, WHOLE, FlowOf, Height, Share, Sort
from gateway.detecting.steptime import STEP_S
from gateway.detecting.tallies import Finding, Tally, Told
from gateway.incidents.symptom import About, Dimensions, Modality, Symptom, dimensions

ALPHA = 1e-5
"""The chance, in a step, that anything at all is told by chance."""
MAX_HITS, MAX_TOLD = 500, 200
_RECENT_STEPS = 6
_ASLEEP_S = 2 * 3600.0
"""Of what was not heard of for so long, nothing is told."""
_NEARLY_ALL, _FEW = 0.95, 3
_IN_COMMON = ("app", "model", "upstream")


class _Seen(NamedTuple):
    """An exchange that was hit by something."""

    step: int
    bits: int
    app: str
    model: str
    upstream: str
    rule: str
    id: str
    trace: str


class Levels:
    """Keys of which enough was answered give way to nobody while they are alive. ``max_keys``: of each sort."""

    def __init__(self, max_keys: int) -> None:
        self.left_out = 0
        """Symptoms, and kinds of findings, beyond what is kept."""
        self._sorts: tuple[tuple[Sort, Bounded[tuple[str, ...], Tally]], ...] = (
            (WHOLE, Bounded(1)), (UPSTREAM, Bounded(max_keys)), (APP, Bounded(max_keys)), (APP_MODEL, Bounded(max_keys)),
        )  # fmt: skip
        self._seen: deque[_Seen] = deque(maxlen=MAX_HITS)
        self._ready = 1

    @property
    def evicted(self) -> int:
        return sum(known.evicted for _, known in self._sorts)

    def is_steady(self, app: str) -> bool:
        """Whether enough of the application's was answered to know it."""
        tally = self._sorts[2][1].get((app,))
        return tally is not None and tally.is_steady

    def count(self, said: Facts, at: float, step: int) -> None:
        keys: tuple[tuple[str, ...] | None, ...] = (
            (), (said.upstream, said.model) if said.upstream else None, (said.app,), (said.app, said.model) if said.is_answered else None,
        )  # fmt: skip
        is_answered, hits = said.is_answered, said.hits
        for (sort, tallies), key in zip(self._sorts, keys, strict=True):
            if key is None or not (is_answered or tallies.get(key)):
                continue  # what nobody has ever answered is no key: clients can make up as many as they like
            tally = tallies.heard(key, at, Tally, sort, key)
            if tally is None:
                continue
            hits |= tally.count(said, at)
            if sort.has_findings and said.found:
                self.left_out += tally.found(said.found, said.id)
        if hits:
            self._seen.append(_Seen(step, hits, said.app, said.model, said.upstream, said.blocked_by, said.id, said.trace))

    def held_off(self, app: str, at: float) -> None:
        """A measure has refused it. It is nothing that happens, but that its client is there: what is refused is not silent."""
        for key, (_, tallies) in (((), self._sorts[0]), ((app,), self._sorts[2])):
            tally = tallies.get(key)
            for flow in tally.flows if tally else ():
                flow.heard(at, 0.0)

    def close(self, step: int) -> list[Symptom]:
        """The step is over. What is the same of several keys is told once, as it is clearest."""
        start = step * STEP_S
        surprise = log(max(1, self._ready) / ALPHA)
        self._ready = 0
        found: dict[tuple[str, str, Dimensions], Symptom] = {}
        whole = self._sorts[0][1].get(())
        for _, tallies in self._sorts:
            for _, tally in tallies.items():  # noqa: PERF102  # it has no values()
                if tally.told or start - tally.at < _ASLEEP_S:
                    for symptom in self._close_one(tally, step, start, surprise, whole):
                        same = symptom.series, symptom.kind, symptom.dimensions
                        if same not in found or symptom.level > found[same].level:
                            found[same] = symptom
        self.left_out += max(0, len(found) - MAX_TOLD)
        return list(found.values())[:MAX_TOLD]

    def _close_one(self, tally: Tally, step: int, start: float, surprise: float, whole: Tally | None) -> Iterator[Symptom]:
        end = start + STEP_S
        told: set[str] = set()
        tally.close()
        for share, rise in zip(tally.sort.shares, tally.rises, strict=True):
            if rise.close(start, end, surprise, share.care):
                yield self._of_share(tally, share, rise, step)
            if rise.is_told:
                told.add(share.series)
            if share.bit == Hit.OTHER_MODEL:
                tally.learn_models(is_usual=not rise.since)
        for height, heights in zip(tally.sort.heights, tally.heights, strict=True):
            for place in heights.close(start, end, surprise):
                yield self._of_height(tally, height, height.measured.sides[place], heights.bound(place), heights.rises[place], step)
            told.update(f"{height.series} {side}" for side, rise in zip(height.measured.sides, heights.rises, strict=True) if rise.is_told)
        for (rule, kind), finding in tally.findings.items():
            if finding.rise.close(start, end, surprise, FINDINGS):
                yield self._of_finding(tally, rule, kind, finding, step)
            if finding.rise.is_told:
                told.add(f"{rule} {kind}")
        for number, flow in enumerate(tally.flows):
            yield from self._of_flow(tally, number, flow, end, whole, told)
        for name in [name for name in tally.told if name not in told]:
            del tally.told[name]
        self._ready += sum(rise.is_ready for rise in tally.all_rises())

    def _of_share(self, tally: Tally, share: Share, rise: Rise, step: int) -> Symptom:
        told = tally.told.get(share.series) or self._told(tally, share.series, share.bit, rise, step)
        return _symptom(told, rise, share.series, share.about, step, is_harm=share.is_harm)

    def _of_height(self, tally: Tally, height: Height, side: Side, bound: float, rise: Rise, step: int) -> Symptom:
        name = f"{height.series} {side}"
        told = tally.told.get(name) or self._told(tally, name, height.bit, rise, step)
        beyond = f"{'below' if side == 'low' else 'above'} {bound:.4g} {height.unit}".rstrip()
        return _symptom(
            told, rise, f"{height.series}, tail" if side == "tail" else height.series, height.about, step, is_harm=height.is_harm,
            kind="fall" if side == "low" else "rise", note=f"{rise.share:.0%} {beyond}, usually {rise.usual:.1%}",
        )  # fmt: skip

    def _of_finding(self, tally: Tally, rule: str, kind: str, finding: Finding, step: int) -> Symptom:
        name = f"{rule} {kind}"
        told = tally.told.get(name)
        if told is None:
            named = {**tally.named(), "rule": rule, "detector": kind}
            told = tally.told[name] = Told(dimensions(named), finding.rise.began or step * STEP_S, limited(finding.ids), ())
        return _symptom(told, finding.rise, "findings", "other", step, modality="guard")

    def _of_flow(self, tally: Tally, number: int, flow: Flow, end: float, whole: Tally | None, told: set[str]) -> Iterator[Symptom]:
        of = tally.sort.flows[number]
        flow.close(end, of.least, whole.flows[number] if whole is not None and whole is not tally and of.can_stop else None)
        if flow.is_told:
            note = f"{flow.times:.1f} times as much as usual"
            yield _of_flow(tally, of, flow, end, told, "surge", flow.level, flow.rate, end - 2 * STEP_S, note)
        if flow.is_silent and of.can_stop:
            yield _of_flow(tally, of, flow, end, told, "silence", flow.silence, 0.0, flow.last, f"nothing for {end - flow.last:.0f} s")

    def _told(self, tally: Tally, name: str, bit: int, rise: Rise, step: int) -> Told:
        """What the symptom is told with: what nearly all that were hit have in common, and some of them."""
        named = dict(tally.named())
        hit = [each for each in self._seen if each.bits & bit and each.step > step - _RECENT_STEPS and _is_of(each, named)]
        if len(hit) >= _FEW:
            for dimension in (*_IN_COMMON, *(("rule",) if bit == Hit.BLOCKED else ())):
                value, count = Counter([getattr(each, dimension) for each in hit]).most_common(1)[0]
                if dimension not in named and count >= _NEARLY_ALL * len(hit):
                    named[dimension] = value
        onset = rise.began or step * STEP_S
        evidence = limited(each.id for each in reversed(hit) if each.id)
        traces = limited(each.trace for each in reversed(hit) if each.trace)
        told = tally.told[name] = Told(dimensions(named), onset, evidence, traces)
        return told

    def as_json(self) -> dict[str, Any]:
        return {
            "counts": [self.left_out, self._ready],
            "evicted": [known.evicted for _, known in self._sorts],
            "tallies": [[tally.as_json() for _, tally in known.items()] for _, known in self._sorts],
            "seen": [list(each) for each in self._seen],
        }

    def read_json(self, saved: dict[str, Any]) -> None:
        """Of one that is new."""
        self.left_out, self._ready = saved["counts"]
        for (sort, known), tallies, evicted in zip(self._sorts, saved["tallies"], saved["evicted"], strict=True):
            known.evicted = evicted
            for each in tallies:
                tally = Tally.from_json(sort, each)
                known.put(tally.key, tally)
        self._seen.extend(_Seen(*each) for each in saved["seen"][-MAX_HITS:])


def _symptom(
    told: Told, rise: Rise, series: str, about: About, step: int, *, is_harm: bool = False, note: str = "", kind: str = "",
    modality: Modality = "metric",
) -> Symptom:  # fmt: skip
    return Symptom(
        modality, about, kind or ("rise" if rise.direction > 0 else "fall"), series, told.dimensions, told.onset, (step + 1) * STEP_S,
        level=rise.level, value=rise.share, baseline=rise.usual, n=rise.known, is_harm=is_harm, note=note, evidence=told.evidence,
        traces=told.traces,
    )  # fmt: skip


def _is_of(seen: _Seen, named: dict[str, str]) -> bool:
    return all(getattr(seen, name) == value for name, value in named.items())


def _of_flow(
    tally: Tally, of: FlowOf, flow: Flow, end: float, names: set[str], kind: str, level: float, rate: float, onset: float, note: str
) -> Symptom:  # fmt: skip
    name = f"{of.series} {kind}"
    names.add(name)
    told = tally.told.setdefault(name, Told(dimensions(tally.named()), onset, (), ()))
    return Symptom(
        "metric", of.about, kind, of.series, told.dimensions, told.onset, end, level=level, value=rate / STEP_S,
        baseline=flow.usual / STEP_S, n=flow.known, note=note,
    )  # fmt: skip
