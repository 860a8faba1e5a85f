"""How well log lines are grouped by what printed them, and how well sessions are told that are not as usual. Pure, given a seed."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass

from detectors.series.sequences import END, START, Transitions, most_surprising
from detectors.series.templates import Miner

SIZES = (200, 1000)
SEEDS = 5
_QUANTILE = 0.99

Steps = Sequence[str]


@dataclass(frozen=True, slots=True)
class Told:
    """The threshold is the 99th percentile of the sessions that were learned."""

    auroc: float
    fpr: float
    tpr: float

    def as_json(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


def grouping(lines: Sequence[str], printed_by: Sequence[str]) -> dict[str, float]:
    """The share of lines whose group is exactly that of what printed them.

    ``told_apart``: where what ever prints the very same line counts as one, since no text can tell it apart.
    """
    miner = Miner()
    mined = [miner.mine(line).template.number for line in lines]
    return {
        "lines": len(lines),
        "statements": len(set(printed_by)),
        "templates": len(miner.templates),
        "accuracy": round(accuracy(mined, printed_by), 3),
        "told_apart": round(accuracy(mined, merged(lines, printed_by)), 3),
    }


def accuracy(found: Sequence[Hashable], true: Sequence[Hashable]) -> float:
    groups, wanted = _members(found), _members(true)
    return sum(len(each) for each in groups.values() if wanted[true[each[0]]] == each) / max(1, len(true))


def _members(labels: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = {}
    for at, label in enumerate(labels):
        found.setdefault(label, []).append(at)
    return found


def merged(lines: Sequence[str], printed_by: Sequence[str]) -> list[str]:
    """One name for all that ever print the same line."""
    parent = {each: each for each in printed_by}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first: dict[str, str] = {}
    for line, name in zip(lines, printed_by, strict=True):
        parent[root(name)] = root(first.setdefault(line, name))
    return [root(name) for name in printed_by]


def sessions(normal: Sequence[Steps], abnormal: Sequence[Steps], learned: int, seed: int) -> Told:
    """Learned from so many normal sessions; judged by the others and the abnormal ones, of which none is learned."""
    shuffled = list(normal)
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    transitions = Transitions()
    for steps in shuffled[:learned]:
        for pair in zip((START, *steps), (*steps, END), strict=True):
            transitions.learn(*pair)
    known, quiet, loud = (_scores(transitions, each) for each in (shuffled[:learned], shuffled[learned:], abnormal))
    threshold = known[int(_QUANTILE * len(known))]
    return Told(_auroc(quiet, loud), _above(quiet, threshold), _above(loud, threshold))


def _scores(transitions: Transitions, each: Iterable[Steps]) -> list[float]:
    return sorted(most_surprising(transitions, steps) for steps in each)


def _auroc(quiet: Sequence[float], loud: Sequence[float]) -> float:
    pairs = len(quiet) * len(loud)
    return sum(bisect_left(quiet, each) + bisect_right(quiet, each) for each in loud) / 2 / pairs if pairs else 0.0


def _above(scores: Sequence[float], threshold: float) -> float:
    return (len(scores) - bisect_right(scores, threshold)) / max(1, len(scores))


def averaged(told: Sequence[Told]) -> Told:
    return Told(*(sum(each) / len(told) for each in zip(*((one.auroc, one.fpr, one.tpr) for one in told), strict=True)))
