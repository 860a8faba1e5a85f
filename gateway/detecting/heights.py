"""How large something usually is in an exchange, and the share of exchanges in which it is larger, or smaller, than that: latencies,
tokens, costs. So they are judged as shares are (``rises``), and no form of their distribution is assumed.
"""

from array import array
from base64 import b64decode, b64encode
from math import exp, log
from typing import Any, Literal, NamedTuple

from gateway.detecting.rises import Care, Rise

_BINS, _WIDTH = 160, 0.12
"""Of the logarithm."""
_MOST, _LEARNED, _EACH_STEP, _STEPS = 8000.0, 200.0, 24, 30
Side = Literal["high", "tail", "low"]
_SHARES: dict[Side, float] = {"high": 0.9, "tail": 0.99, "low": 0.1}
_CARES: dict[Side, Care] = {"high": Care(0.2, 2.0), "tail": Care(0.06, 2.0), "low": Care(0.25, 2.0)}
_TIMES: dict[Side, float] = {"high": 1.5, "tail": 2.0, "low": 1 / 1.5}
"""Of the median: what is nearer is as usual."""


class Measured(NamedTuple):
    unit: float
    """What is smaller counts as that."""
    least: float
    """What is no larger than this is not large, nor is it worth telling where it is usually so small."""
    sides: tuple[Side, ...]


class Heights:
    """Of one measure of one key."""

    __slots__ = ("_bins", "_bounds", "_edges", "_measured", "_steps", "_waiting", "_weight", "rises")

    def __init__(self, measured: Measured) -> None:
        self._measured = measured
        self._bins = array("f", bytes(4 * _BINS))
        self._weight = 0.0
        self._waiting = array("B")
        """Of the step that is not over, the bins of the first values."""
        self._steps = 0
        self._bounds = [_BINS] * len(measured.sides)
        """Beyond which bin a value counts, for each side; none does until enough is known."""
        self._edges: tuple[tuple[bool, float, Rise], ...] = ()
        """The same as values, once enough is known."""
        self.rises = tuple(Rise() for _ in measured.sides)

    def put(self, value: float, *, is_censored: bool = False) -> bool:
        """Whether it is large, or small where that is asked. ``is_censored``: it is that at least, and nothing is learned of it."""
        if len(self._waiting) < _EACH_STEP and not is_censored:
            self._waiting.append(self._bin(value))
        is_hit = False
        for is_low, edge, rise in self._edges:
            rise.tries += 1
            if value < edge if is_low else value >= edge:
                rise.hits += 1
                is_hit = True
        return is_hit

    def close(self, start: float, end: float, surprise: float) -> list[int]:
        """A step is over: the places of the sides of which there is something to tell."""
        told = []
        is_calm = True
        for at, rise in enumerate(self.rises):
            if rise.close(start, end, surprise, _CARES[self._measured.sides[at]]):
                told.append(at)
            is_calm = is_calm and not rise.since
        if is_calm:
            self._learn()
        self._waiting = array("B")
        return told

    def bound(self, at: int) -> float:
        """The value beyond which it counts, for the side at that place."""
        return self._measured.unit * exp(_WIDTH * (self._bounds[at] + (self._measured.sides[at] != "low")))

    def _sharpen(self) -> None:
        sides = self._measured.sides
        self._edges = tuple((side == "low", self.bound(at), self.rises[at]) for at, side in enumerate(sides))

    def _bin(self, value: float) -> int:
        return min(_BINS - 1, int(log(value / self._measured.unit) / _WIDTH)) if value > self._measured.unit else 0

    def _learn(self) -> None:
        was_learned = self._weight >= _LEARNED
        for at in self._waiting:
            self._bins[at] += 1.0
        self._weight += len(self._waiting)
        if self._weight > _MOST:
            self._bins = array("f", [count / 2 for count in self._bins])
            self._weight /= 2
        self._steps += 1
        if self._weight >= _LEARNED and (not was_learned or self._steps >= _STEPS):
            self._steps = 0
            self._look()

    def _look(self) -> None:
        """Where the bounds lie."""
        middle = self._quantile(0.5)
        least = self._bin(self._measured.least)
        for at, side in enumerate(self._measured.sides):
            by_share, by_times = self._quantile(_SHARES[side]), middle + round(log(_TIMES[side]) / _WIDTH)
            if side == "low":
                bound = min(by_share, by_times) if middle > least else 0
                beyond = sum(self._bins[:bound]) if bound > 0 else 0.0
            else:
                bound = max(by_share, by_times, least)
                beyond = sum(self._bins[bound + 1 :])
            self._bounds[at] = bound
            self.rises[at].expect(min(1.0, max(0.0, beyond / self._weight)), self._weight)
        self._sharpen()

    def _quantile(self, share: float) -> int:
        below = 0.0
        for at, count in enumerate(self._bins):
            below += count
            if below >= share * self._weight:
                return at
        return _BINS - 1

    def as_json(self) -> list[Any]:
        return [
            b64encode(self._bins.tobytes()).decode(), self._weight, self._waiting.tolist(), self._steps, self._bounds,
            [rise.as_json() for rise in self.rises],
        ]  # fmt: skip

    def read_json(self, saved: list[Any]) -> None:
        packed, self._weight, waiting, self._steps, bounds, rises = saved
        bins = array("f", b64decode(packed, validate=True))
        if len(bins) != _BINS or len(bounds) != len(self._bounds) or len(waiting) > _EACH_STEP:
            raise ValueError("heights of another shape")
        self._bins, self._bounds, self._waiting = bins, bounds, array("B", waiting)
        for rise, each in zip(self.rises, rises, strict=True):
            rise.read_json(each)
        if self._weight >= _LEARNED:
            self._sharpen()
