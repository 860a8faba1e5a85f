"""A simulated month of one application's traffic: outages, harmless blips, and what detectors of anomalies make of them. Pure, by a seed.

The traffic follows the day. What detectors find, and how often they find what is nothing, is assumed (``FINDS``), not measured: what is
measured with it is what incidents make of that.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from gateway.incidents.symptom import About, Modality, Symptom, dimensions

DAYS = 30
MINUTES = DAYS * 1440
BEGINS = 1_790_000_000 // 86400 * 86400.0
OBJECTIVE = 0.995
USUAL_ERRORS = 0.001
OUTAGES = ((1.0, 30), (0.3, 60), (0.1, 180), (0.04, 240))
"""Shares of errors, and minutes; each so often a month."""
EACH = 3
BLIPS_A_DAY = 6
_APART = MINUTES // (len(OUTAGES) * EACH)

FINDS: dict[Modality, tuple[float, ...]] = {"metric": (0.95, 0.9, 0.7, 0.4), "log": (0.8, 0.7, 0.4, 0.2), "trace": (0.8, 0.7, 0.4, 0.2)}
"""How likely a detector finds an outage, by its size; a blip as one of a tenth."""
MEAN_DELAY = 2.0
FALSE_A_DAY = 1.0
"""Of each detector: anomalies of nothing."""
_FALSE_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """``share``: of exchanges that fail, for ``minutes`` from the minute ``at`` on."""

    at: int
    minutes: int
    share: float
    is_outage: bool

    @property
    def end(self) -> int:
        return self.at + self.minutes


@dataclass(frozen=True, slots=True)
class Found:
    """A detector's anomaly: told every minute while it lasts."""

    modality: Modality
    first: int
    last: int
    is_harm: bool


def faults(seed: int) -> list[Fault]:
    """In order; no blip in an outage."""
    chance = Random(f"faults {seed}")  # noqa: S311 a simulation
    sizes = list(OUTAGES) * EACH
    chance.shuffle(sizes)
    outages = [Fault(slot * _APART + chance.randrange(_APART - 600), minutes, share, True) for slot, (share, minutes) in enumerate(sizes)]
    blips = [
        Fault(chance.randrange(MINUTES - 5), chance.randint(1, 3), chance.uniform(0.05, 0.5), False) for _ in range(DAYS * BLIPS_A_DAY)
    ]
    free = [each for each in blips if not any(out.at - 60 <= each.at <= out.end + 60 for out in outages)]
    return sorted(outages + free, key=lambda each: each.at)


def traffic(seed: int, rpm: int, all_faults: list[Fault]) -> Iterator[tuple[int, int, int]]:
    """The minute, how many exchanges failed, of how many."""
    chance = Random(f"traffic {seed} {rpm}")  # noqa: S311 a simulation
    shares = [USUAL_ERRORS] * MINUTES
    for fault in all_faults:
        for minute in range(fault.at, min(fault.end, MINUTES)):
            shares[minute] = max(shares[minute], fault.share)
    for minute, share in enumerate(shares):
        day = 1 + 0.5 * math.sin(2 * math.pi * minute / 1440)
        total = _poisson(chance, rpm * day)
        yield minute, min(_poisson(chance, total * share), total) if share < 1 else total, total


def found(seed: int, all_faults: list[Fault]) -> list[Found]:
    """What detectors make of faults, and of nothing."""
    chance = Random(f"found {seed}")  # noqa: S311 a simulation
    made = []
    for modality, likely in FINDS.items():
        for fault in all_faults:
            size = next(at for at, (share, _) in enumerate(OUTAGES) if fault.share >= share)
            delay = chance.expovariate(1 / MEAN_DELAY)
            if chance.random() < likely[size if fault.is_outage else max(size, 2)] and delay < fault.minutes:
                made.append(Found(modality, fault.at + int(delay), fault.end - 1, modality == "metric"))
        for _ in range(round(DAYS * FALSE_A_DAY)):
            at = chance.randrange(MINUTES - _FALSE_MINUTES)
            made.append(Found(modality, at, at + chance.randrange(_FALSE_MINUTES), modality == "metric"))
    return sorted(made, key=lambda each: (each.first, each.modality))


def symptom(each: Found, minute: int) -> Symptom:
    """In that minute."""
    at = BEGINS + minute * 60.0 + 59
    about: About = "errors" if each.is_harm else "logs" if each.modality == "log" else "other"
    return Symptom(
        modality=each.modality,
        about=about,
        kind="found",
        series=each.modality,
        dimensions=dimensions({"app": "shop", "model": "m-1"}),
        onset=BEGINS + each.first * 60.0,
        at=at,
        is_harm=each.is_harm,
    )


def _poisson(chance: Random, mean: float) -> int:
    if mean > 30:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
