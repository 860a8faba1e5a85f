"""How well texts are swapped, and how soon a bias is found. Pure, given texts and seeds.

Swaps: of pairs that people wrote as twins, how many are left alone, and how many of the rest come out word for word as the other twin.
Where a set has no twins, a swapped text counts as attested if the set has it too. In all of them, articles are counted that became wrong.

Detection: simulated outcomes, with an effect that is known, or with none. A model that answers otherwise each time: lengths vary by a
factor of 1.8 (one standard deviation), sentiments by one standard deviation, refusals are drawn anew.
"""

import math
import random
import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from detectors.series.cells import State
from detectors.series.disparity import Disparity
from detectors.series.outcome import Outcome
from detectors.series.probes import Answer, Method, Pair, Probes
from detectors.text.swap_grammar import takes_an
from detectors.text.swaps import Left, Swap, Swaps

Figures = dict[str, float | int]

Kinds = Callable[[Sequence[str]], list[frozenset[str]]]
"""Texts in, the kinds of what a guard finds in each out."""

PROBES = 2000
PROBE_LOOK = 25
LIVE = 20_000
LIVE_LOOK = 100
_SPREAD = 0.6  # of the logarithm of a length


@dataclass(frozen=True, slots=True)
class Text:
    """One text to swap; ``twin`` is how people wrote it about ``other``."""

    text: str
    attribute: str
    other: str | None = None
    twin: str | None = None
    group: str = ""
    """What it was made from, so that a split keeps the like together."""


@dataclass(frozen=True, slots=True)
class Swapped:
    """A text, and what became of it."""

    text: Text
    result: Swap | Left


def swapped(texts: Iterable[Text], swaps: Mapping[str, Swaps], *, exchange: bool) -> list[Swapped]:
    return [Swapped(each, swaps[each.attribute].swap(each.text, each.other, exchange=exchange)) for each in texts]


def swap_figures(results: Sequence[Swapped], attested: Collection[str] = ()) -> Figures:
    """Shares of what was swapped, but for ``swapped`` itself, and the reasons why texts were left alone."""
    done = [(each.text, each.result) for each in results if isinstance(each.result, Swap)]
    found: Figures = {"texts": len(results), "swapped": round(len(done) / max(1, len(results)), 4)}
    twins = [(swap.text, text.twin) for text, swap in done if text.twin]
    if twins:
        found["as_the_twin"] = round(sum(plain(ours) == plain(twin) for ours, twin in twins) / len(twins), 4)
    if attested:
        found["attested"] = round(sum(plain(swap.text) in attested for _, swap in done) / max(1, len(done)), 4)
    found["articles_made_wrong"] = sum(max(0, wrong_articles(swap.text) - wrong_articles(text.text)) for text, swap in done)
    left = Counter(each.result.value for each in results if isinstance(each.result, Left))
    return found | {f"left: {reason}": count for reason, count in sorted(left.items())}


def guard_figures(results: Iterable[Swapped], kinds: Kinds) -> dict[str, Figures]:
    """By attribute: how often a guard says something else of a text when that is about another group, and whether one group fares worse."""
    done = [(each.text.text, each.result) for each in results if isinstance(each.result, Swap)]
    before, after = kinds([text for text, _ in done]), kinds([swap.text for _, swap in done])
    probes = Probes(Method(most_keys=256))
    counts: dict[str, list[bool]] = {}
    for (_, swap), original, other in zip(done, before, after, strict=True):
        counts.setdefault(swap.attribute, []).append(original != other)
        probes.update(Pair(swap.attribute, swap.group, swap.other, Answer({"fired": bool(original)}), Answer({"fired": bool(other)})))
    told = Counter(each.attribute for each in probes.differences() if each.state is State.DISPARITY)
    return {
        attribute: {"pairs": len(flips), "flips": sum(flips), "share": round(sum(flips) / len(flips), 4), "told": told[attribute]}
        for attribute, flips in counts.items()
    }


def plain(text: str) -> str:
    """Words without capitals and spaces: twins differ in these by accident."""
    return " ".join(text.lower().split())


def wrong_articles(text: str) -> int:
    words = [word.strip(".,;:!?\"'()") for word in text.split()]
    return sum(
        takes_an(follower) != (article.lower() == "an")
        for article, follower in pairwise(words)
        if article.lower() in {"a", "an"} and follower[:1].isalpha()
    )


@dataclass(frozen=True, slots=True)
class Effect:
    """What a simulated model does to one of two groups."""

    name: str
    refused: float = 0.0
    """Points more often."""
    longer: float = 1.0
    """Times as long."""
    sentiment: float = 0.0
    """Standard deviations."""


EFFECTS = (
    Effect("none"),
    Effect("refusals +10 points", refused=0.10),
    Effect("length -20 %", longer=0.8),
    Effect("sentiment d = 0.3", sentiment=-0.3),
)


def probes_until_told(effect: Effect, seed: str, base: float = 0.05) -> int | None:
    """Probes until anything is told of a model with this effect; None: nothing in ``PROBES``."""
    chance = random.Random(f"{seed} {effect.name}")  # noqa: S311 -- a simulation
    probes = Probes()
    for count in range(1, PROBES + 1):
        topic = chance.gauss(0, 0.5)
        group, other = ("female", "male") if chance.random() < 0.5 else ("male", "female")
        original, swap, twin = (_answer(chance, topic, each == "female", effect, base) for each in (group, other, group))
        probes.update(Pair("gender", group, other, original, swap, twin))
        if count % PROBE_LOOK == 0 and any(each.state is State.DISPARITY for each in probes.differences()):
            return count
    return None


def _answer(chance: random.Random, topic: float, is_worse: bool, effect: Effect, base: float) -> Answer:
    refused = base + (effect.refused if is_worse else 0)
    length = 6 + topic + (math.log(effect.longer) if is_worse else 0)
    return Answer(
        {"refused": chance.random() < refused},
        {"answer_chars": chance.lognormvariate(length, _SPREAD), "sentiment": chance.gauss(effect.sentiment if is_worse else 0, 1)},
    )


@dataclass(frozen=True, slots=True)
class Live:
    """Two groups' traffic: adverse rates, and whether the groups are spread unevenly over two applications of other rates."""

    name: str
    here: float
    others: float
    is_mixed: bool = False


LIVES = (
    Live("fair, 5 %", 0.05, 0.05),
    Live("fair, applications of 1 % and 5 %, uneven", 0.0, 0.0, is_mixed=True),
    Live("5 % and 10 %", 0.05, 0.10),
    Live("5 % and 7.5 %", 0.05, 0.075),
    Live("2 % and 4 %", 0.02, 0.04),
    Live("2 % and 6 %", 0.02, 0.06),
)


def live_until_told(live: Live, seed: str) -> int | None:
    """Outcomes of each group until a disparity is told; None: none in ``LIVE``. Three outcomes are watched, one of which differs."""
    chance = random.Random(f"{seed} {live.name}")  # noqa: S311 -- a simulation
    watch = Disparity()
    for count in range(1, LIVE + 1):
        watch.update(_outcome(chance, live, count))
        if count % LIVE_LOOK == 0 and any(cell.state is State.DISPARITY for cell in watch.cells()):
            return count // 2
    return None


def _outcome(chance: random.Random, live: Live, count: int) -> Outcome:
    group = "female" if chance.random() < 0.5 else "male"
    rate = live.here if group == "female" else live.others
    app = "first"
    if live.is_mixed:
        app = "first" if chance.random() < (0.8 if group == "female" else 0.2) else "second"
        rate = 0.01 if app == "first" else 0.05
    numbers = {"answer_chars": chance.lognormvariate(6, _SPREAD), "sentiment": chance.gauss(0, 1)}
    return Outcome(count * 60.0, f"{count}", app, "", {"gender": group}, {"blocked": chance.random() < rate}, numbers)


def delays(until_told: Callable[[str], int | None], seeds: Iterable[str]) -> Figures:
    """How many runs told of anything, and after how many cases."""
    runs = [until_told(seed) for seed in seeds]
    told = [count for count in runs if count is not None]
    found: Figures = {"runs": len(runs), "told": len(told)}
    return found | ({"median": statistics.median(told), "most": max(told)} if told else {})
