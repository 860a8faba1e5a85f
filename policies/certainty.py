"""How well a model's uncertainty tells its bad answers from its good ones, by people's labels, and the limit that follows.

The limit is a quantile of the good answers' mean surprisal: a good answer that comes from where these came (is exchangeable with them) lies
beyond it with a chance of no more than the promised rate (split conformal prediction). People seldom judge an answer that they have not
seen: of those that were stopped and that nobody has judged, as many count as good as the promised rate lets one expect, so that without
labels the limit stays about where it is from round to round. The unit is the exchange: of its choices the most uncertain counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple

from policies.alarms import MAX_LOOSER, MIN_AUROC, NOT_HELD, auroc
from policies.domain import Uncertainty
from policies.intervals import Interval, wilson
from policies.labels import Quality

MIN_GOOD = 50
"""Good answers without which no limit is told."""
_ROUNDING = 1e-4
"""How exactly records say what was measured."""
_SLIP = 1e-9
_MOST = 20.0
"""What a policy can say."""


class Answered(NamedTuple):
    """What one exchange has to say. ``agreement``: of the answer with others to the same question, in 0 to 1. ``is_stopped``: for its
    uncertainty, or it would have been. ``is_set_aside``: its app says something of it that does not count.
    """

    mean: float
    tail: float
    entropy: float | None = None
    agreement: float | None = None
    is_stopped: bool = False
    label: Quality | None = None
    is_set_aside: bool = False


@dataclass(frozen=True, slots=True)
class Certainty:
    """``auroc``: by measure, how often a bad answer is less certain than a good one. ``stopped``: the share of good answers that the limit
    in force stops, or would stop; ``caught``: of bad ones. ``promised`` is None where the policy says a limit and no rate, ``missing`` how
    many good answers are wanting for a limit to be told, ``new_caught`` the share of bad answers that the new limit stops,
    ``set_aside`` labels that do not count.
    """

    good: int
    bad: int
    unknown: int
    set_aside: int
    auroc: Mapping[str, float]
    limit: float
    stopped: Interval
    caught: Interval
    promised: float | None
    missing: int
    new_limit: float | None
    new_caught: Interval | None

    @property
    def is_held(self) -> bool:
        """Whether what is known does not speak against it."""
        return self.promised is None or self.stopped.low <= self.promised

    @property
    def doubts(self) -> list[str]:
        """Why a person should look before the new limit stands."""
        if self.new_limit is None:
            return []
        found = [] if self.is_held else [NOT_HELD]
        if not self.bad:
            found.append("no answer is known to be bad")
        elif self.auroc["mean"] < MIN_AUROC:
            found.append(f"AUROC {self.auroc['mean']:.4f} of the mean is below {MIN_AUROC}: it hardly tells bad answers from good ones")
        if self.new_limit > self.limit * MAX_LOOSER:
            found.append(f"the limit would move from {self.limit:.4f} to {self.new_limit:.4f}, looser by more than {MAX_LOOSER:g} times")
        return found


def certainty(bound: Uncertainty, answers: Sequence[Answered]) -> Certainty:
    good = [each for each in answers if each.label == "good"]
    bad = [each for each in answers if each.label == "bad"]
    unknown = sorted(each.mean for each in answers if each.is_stopped and each.label is None)
    missing = max(0, _needed(bound.max_fpr) - len(good)) if bound.max_fpr is not None else 0
    limit = _limit(bound.max_fpr, good, unknown) if bound.max_fpr is not None and not missing else None
    return Certainty(
        good=len(good),
        bad=len(bad),
        unknown=len(unknown),
        set_aside=sum(each.is_set_aside for each in answers),
        auroc=dict(_aurocs(good, bad)),
        limit=bound.limit,
        stopped=wilson(sum(_is_beyond(bound, each) for each in good), len(good)),
        caught=wilson(sum(_is_beyond(bound, each) for each in bad), len(bad)),
        promised=bound.max_fpr,
        missing=missing,
        new_limit=limit,
        new_caught=None if limit is None else wilson(sum(each.mean > limit for each in bad), len(bad)),
    )


def _needed(rate: float) -> int:
    """As few cannot tell a rarer event."""
    return max(MIN_GOOD, ceil(1 / rate - _SLIP) - 1)


def _limit(rate: float, good: Sequence[Answered], unknown: Sequence[float]) -> float:
    stopped = sum(each.is_stopped for each in good)
    expected = max(0, floor((len(good) - stopped) * rate / (1 - rate) - 1) - stopped)
    means = sorted([*(each.mean for each in good), *unknown[:expected]])
    within = ceil((len(means) + 1) * (1 - rate) - _SLIP)
    return min(_MOST, means[within - 1] + _ROUNDING)


def _is_beyond(bound: Uncertainty, answer: Answered) -> bool:
    return answer.mean > bound.limit or (bound.max_tail_entropy is not None and answer.tail > bound.max_tail_entropy)


def _aurocs(good: Sequence[Answered], bad: Sequence[Answered]) -> Iterator[tuple[str, float]]:
    """Of the measures that both kinds of answers have."""
    for name in ("mean", "tail", "entropy", "agreement"):
        sign = -1 if name == "agreement" else 1
        fine, poor = ([sign * value for each in answers if (value := getattr(each, name)) is not None] for answers in (good, bad))
        if fine and poor:
            yield name, auroc(fine, poor)
