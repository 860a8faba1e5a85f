"""What the records of a journal and people's labels say of a policy's calibrated bounds: samples for ``alarms`` and ``certainty``."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policies.alarms import Sample
from policies.certainty import Answered
from policies.domain_parts import name_of
from policies.labels import Labels, is_event

MAX_SAMPLES = 200_000
"""Of each bound; the oldest go first."""
UNCERTAINTY = name_of(("output", "uncertainty"))


class _Heard(NamedTuple):
    ts: float
    request_id: str
    app: str
    score: float
    is_stopped: bool
    passed: bool


class _HeardAnswer(NamedTuple):
    ts: float
    request_id: str
    app: str
    answered: Answered
    passed: bool


class Heard:
    """``detectors``: for each bound the digest of its detector as it is configured now; what another one scored is no measure of it."""

    def __init__(self, policy: str, detectors: Mapping[str, str]) -> None:
        self._prefix = f"{policy}@"
        self._detectors = detectors
        self._labels = Labels()
        self._heard: dict[str, deque[_Heard]] = {rule: deque(maxlen=MAX_SAMPLES) for rule in detectors}
        self._answers: deque[_HeardAnswer] = deque(maxlen=MAX_SAMPLES)
        self._newest = 0.0
        self.read = 0
        """Records of this policy's."""
        self.other = 0
        """Scores among them that another configuration gave."""

    def note(self, line: object) -> None:
        """A line of the journal, in order. What is none is passed over."""
        if not isinstance(line, dict):
            return
        if is_event(line):
            self._labels.note(line)
            return
        try:
            if str(line["policy"]).startswith(self._prefix):
                self._note_record(line)
        except (KeyError, TypeError, ValueError, AttributeError):
            return

    def _note_record(self, record: Mapping[str, Any]) -> None:
        request_id, ts, decision = str(record["request_id"]), float(record["ts"]), record["decision"]
        matched = [finding for finding in record["findings"] if finding["why"] == "match"]
        self.read += 1
        self._newest = max(self._newest, ts)
        if "uncertainty" in record:
            self._answers.append(_HeardAnswer(ts, request_id, str(record["app"]), _answered(record, matched), decision != "block"))
        for rule, said in record.get("scores", {}).items():
            if rule not in self._heard:
                continue
            if said["by"] != self._detectors[rule]:
                self.other += 1
                continue
            is_stopped = any(finding["rule"] == rule for finding in matched)
            heard = _Heard(ts, request_id, str(record["app"]), float(said["score"]), is_stopped, decision != "block")
            self._heard[rule].append(heard)

    def samples(self, rule: str, days: float | None = None) -> Iterator[Sample]:
        """Those of the days before the newest record; of all, if None."""
        since = self._since(days)
        for each in self._heard[rule]:
            if each.ts >= since:
                said = self._labels.of(each.request_id, each.app, rule, is_stopped=each.is_stopped, is_blocked=not each.passed)
                yield Sample(each.score, each.is_stopped, each.passed, *said)

    def answers(self, days: float | None = None) -> Iterator[Answered]:
        """Those whose uncertainty was measured."""
        since = self._since(days)
        for each in self._answers:
            if each.ts >= since:
                label, is_set_aside = self._labels.quality(each.request_id, each.app, UNCERTAINTY, is_blocked=not each.passed)
                yield each.answered._replace(label=label, is_set_aside=is_set_aside)

    def _since(self, days: float | None) -> float:
        return self._newest - days * 86_400 if days is not None else float("-inf")


def _answered(record: Mapping[str, Any], matched: list[Mapping[str, Any]]) -> Answered:
    """Of the answer that was given last; what is found in those before it stands at ``attempts``."""
    measured = record["uncertainty"]
    agreement = record.get("consistency", {}).get("agreement")
    entropies = [float(choice["entropy"]) for choice in measured if choice["entropy"] is not None]
    return Answered(
        mean=max(float(choice["mean"]) for choice in measured),
        tail=max(float(choice["tail"]) for choice in measured),
        entropy=max(entropies, default=None),
        agreement=None if agreement is None else float(agreement),
        is_stopped=any(finding["rule"] == UNCERTAINTY and str(finding["place"]).startswith("choices") for finding in matched),
    )
