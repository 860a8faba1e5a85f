"""How unsure a model was of what it said, from the log probabilities that its endpoint gives: pure arithmetic, in nats.

The surprisal of a token is ``-log p``. Its mean over an answer is the length-normalised negative log likelihood of Malinin and Gales,
"Uncertainty Estimation in Autoregressive Structured Prediction" (ICLR 2021), and the logarithm of the perplexity that Fadeeva et al.,
"LM-Polygraph" (EMNLP 2023) have as a baseline. A mean hides the one wrong number in a fluent sentence, so the mean of the least certain
share of the tokens is taken besides. Where an endpoint also names the likeliest tokens, the entropy is taken over these, with all that lies
outside of them as one more token: a lower bound of that of the whole distribution.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import ceil, exp, log

MAX_TOKENS = 131_072
"""Of one answer; of a longer one its beginning is judged."""
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """``mean`` and ``tail`` (of the least certain share) of the tokens' surprisal; ``entropy``: the mean over the tokens for which the
    likeliest were named, None if there are none. ``tokens``: of how many.
    """

    mean: float
    tail: float
    entropy: float | None
    tokens: int


class Surprisals:
    """Those of one answer, as they come."""

    def __init__(self) -> None:
        self._all = array("d")
        self._entropies = 0.0
        self._with_entropy = 0

    def add(self, log_probability: float, likeliest: Sequence[float] = ()) -> None:
        """The token that was said, and the log probabilities of the likeliest at its place, if they are known."""
        if len(self._all) >= MAX_TOKENS:
            return
        self._all.append(surprisal(log_probability))
        if likeliest:
            self._entropies += entropy(likeliest)
            self._with_entropy += 1

    def measure(self, tail: float) -> Uncertainty | None:
        """None if nothing was said. ``tail`` is a share; at least one token is in it."""
        count = len(self._all)
        if not count:
            return None
        least_certain = nlargest(max(1, ceil(tail * count)), self._all)
        mean_entropy = self._entropies / self._with_entropy if self._with_entropy else None
        return Uncertainty(sum(self._all) / count, sum(least_certain) / len(least_certain), mean_entropy, count)


def surprisal(log_probability: float) -> float:
    """Endpoints say -9999 for what is too unlikely to be told, and what rounding makes of 1 may be above 0."""
    return min(max(0.0, -log_probability), 100.0)


def entropy(log_probabilities: Iterable[float]) -> float:
    """Of the likeliest tokens at one place, with all others taken as one."""
    likely = [exp(min(each, 0.0)) for each in log_probabilities]
    rest = 1.0 - sum(likely)
    return -sum(p * log(p) for p in (*likely, rest) if p > _LEAST)
