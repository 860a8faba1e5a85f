"""What the gateway shows of what the watch tells the path, and of what it knows of drift."""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.config import Config
from gateway.proxy.keeping import read_file
from gateway.proxy.signals import MAX_BYTES, NAME, SignalsInForce
from gateway.storage.board import SharedBoard
from gateway.telemetry.instruments import Reading
from gateway.watch.status import BIAS_NAME, DRIFT_NAME, MAX_DRIFT_BYTES
from policies.signals import DRIFT, Level

Json = dict[str, Any]

_LIMIT = 100


class ReportError(ValueError):
    """A parameter that cannot be understood: its name, and what is allowed."""


def board_reader(config: Config) -> Callable[[], bytes | None]:
    """What reads the board that the watch has left, as it is left; it may raise OSError. Raises RuntimeError where what the settings ask
    for is not installed.
    """
    if config.watch.shared:
        return SharedBoard(config.state.url.get_secret_value()).read
    return partial(read_file, config.watch.dir / NAME, MAX_BYTES)


class ShownSignals:
    """``wall`` gives seconds since 1970."""

    def __init__(self, config: Config, key: bytes, wall: Callable[[], float]) -> None:
        self._overview = config.watch.dir / DRIFT_NAME
        self._bias = config.watch.dir / BIAS_NAME
        self._wall = wall
        self._in_force = SignalsInForce(board_reader(config), key, wall)

    async def signals(self) -> Json:
        return await asyncio.to_thread(self._signals)

    def _signals(self) -> Json:
        self._in_force.refresh()
        board, said = self._in_force.board, self._known()
        return {
            "ts": board.ts,
            "expires": board.expires,
            "until": board.until,
            "stale": self._in_force.is_stale,
            "incident": {"severity": board.incident_severity, "open": board.incidents_open},
            "levels": [asdict(level) for level in board.levels],
            "drift": {"ts": said.get("ts"), "evicted": said.get("evicted", 0), "keys": said.get("keys", [])},
        }

    async def reports(self, params: Mapping[str, str]) -> Json:
        """Raises ``ReportError``."""
        kind = params.get("kind", "drift")
        if kind not in ("drift", "bias") or params.keys() - {"kind"}:
            raise ReportError("kind: allowed: drift, bias")
        if kind == "bias":
            return {"kind": kind, **await asyncio.to_thread(known, self._bias)}
        said = await asyncio.to_thread(self._known)
        return {"kind": kind, "ts": said.get("ts"), "episodes": said.get("episodes", [])[:_LIMIT]}

    def _known(self) -> Json:
        return known(self._overview)

    def levels(self) -> Sequence[Level]:
        """None where they are stale."""
        self._in_force.refresh()
        now = self._wall()
        return () if self._in_force.is_stale else tuple([level for level in self._in_force.board.levels if now <= level.expires])

    def age_s(self) -> float:
        """Of what was told by who has been silent for longest; not a number before anything was."""
        self._in_force.refresh()
        board = self._in_force.board
        silent_s = board.expires - min([board.expires, *(until for until in board.until.values() if until)])
        return max(0.0, self._wall() - board.ts + silent_s) if self._in_force.is_told else math.nan


def known(path: Path) -> Json:
    """What the watch says of drift, or of bias; nothing where it has said nothing that can be read."""
    try:
        said = orjson.loads(read_file(path, MAX_DRIFT_BYTES) or b"{}")
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


class Levels(Collector):
    """The highest level of each feature over all keys: no name that a client may choose."""

    def __init__(self, shown: ShownSignals) -> None:
        self._shown = shown

    def collect(self) -> Iterator[Metric]:
        highest = dict.fromkeys(DRIFT, 0.0)
        for level in self._shown.levels():
            if level.kind == "drift" and level.name in highest:
                highest[level.name] = max(highest[level.name], level.level)
        family = GaugeMetricFamily("oddgate_drift_level", "The part of the traffic that is other than usual, of 1.", labels=["feature"])
        for name, value in highest.items():
            family.add_metric([name], value)
        yield family


def signal_readings(shown: ShownSignals) -> list[Reading]:
    return [Reading("oddgate_signals_age_seconds", "How long ago the watch told policies anything.", shown.age_s)]
