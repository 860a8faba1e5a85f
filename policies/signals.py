"""What the watch tells the path: levels of drift, disparity and anomaly by application, model and surface, and incidents.

A *board* holds all that is told at one time, as one JSON document that is replaced whole::

    {
        "v": 1,
        "ts": 1795000000.0,
        "expires": 1795000120.0,
        "until": {"drift": 1795000120.0, "disparity": 1795000090.0},
        "incident": {"severity": 2, "open": 1},
        "levels": [
            {
                "kind": "drift",
                "name": "topics",
                "app": "shop",
                "model": "gpt-4o",
                "but": [],
                "surface": "chat",
                "level": 0.31,
                "since": 1794999000.0,
                "evidence": "drift-0b1f…",
                "expires": 1795000120.0,
            }
        ],
    }

Times are seconds since 1970. An empty ``model`` means any but those in ``but``, an empty ``surface`` any, and so does an empty ``app`` of
what was found in servers and telemetry. What was found in the traffic is told of nobody else's: there an empty ``app`` is the traffic of
none. Where several levels of one name fit an exchange, the highest counts. What is not told is 0: nothing to see.

What has expired is stale: a level, and with it all of its kind; a kind, by ``until``, whose teller is silent; and all, where the whole has
expired, or is of a time that is yet to come: then nobody watches.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any, Literal, get_args

import orjson

from policies.subject import Signals, Subject

VERSION = 1
MAX_BYTES = 4 << 20
MAX_LEVELS = 20_000
_MAX_NAME = 256
_MAX_REMEMBERED = 4096
_AHEAD_S = 120.0
"""Of the board's time, how far it may lie ahead."""

Kind = Literal["drift", "disparity", "anomaly"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DRIFT = (
    "input", "output", "topics", "languages", "lengths", "templates", "tools", "decisions", "detectors", "refusals", "sentiment", "latency",
    "cost", "errors", "concept", "model",
)  # fmt: skip
DISPARITY = ("blocked", "refused", "length", "sentiment", "tools", "latency", "cost", "scores", "probes")
ANOMALY = ("metrics", "logs", "traces")
_OF_TRAFFIC = frozenset({"drift", "disparity"})
INCIDENT = "incident"
"""What is told of incidents expires as a kind does."""
NAMES: Mapping[Kind, tuple[str, ...]] = {"drift": DRIFT, "disparity": DISPARITY, "anomaly": ANOMALY}
"""What the gateway's own watch tells: conditions may ask for these wherever they are used."""


class BoardError(ValueError):
    """It is no board. It has no text of it."""


@dataclass(frozen=True, slots=True)
class Level:
    """``evidence`` is the id of what it was told from; ``since`` when it began."""

    kind: Kind
    name: str
    level: float
    expires: float
    app: str = ""
    model: str = ""
    surface: str = ""
    since: float | None = None
    evidence: str = ""
    but: tuple[str, ...] = ()
    """Models that it is not about, where it is about any: each of them is told of by itself."""


@dataclass(frozen=True, slots=True)
class Board:
    ts: float
    expires: float
    levels: Sequence[Level] = ()
    incident_severity: int = 0
    incidents_open: int = 0
    until: Mapping[str, float] = field(default_factory=dict)
    """When a kind expires, where that is not with the whole."""

    def is_stale(self, now: float) -> bool:
        """As a whole."""
        return not self.ts - _AHEAD_S <= now <= self.expires


def render(board: Board) -> bytes:
    """Raises ValueError where there are more levels than any reader takes."""
    if len(board.levels) > MAX_LEVELS:
        raise ValueError(f"no more than {MAX_LEVELS} levels can be told")
    incident = {"severity": board.incident_severity, "open": board.incidents_open}
    levels = [asdict(level) for level in board.levels]
    said = {"v": VERSION, "ts": board.ts, "expires": board.expires, "until": board.until, "incident": incident, "levels": levels}
    return orjson.dumps(said)


def parse(content: bytes) -> Board:
    """Raises ``BoardError``. What a later version tells besides is left out."""
    if len(content) > MAX_BYTES:
        raise BoardError("it is too large")
    try:
        said = orjson.loads(content)
        incident, levels = said["incident"], said["levels"]
        if len(levels) > MAX_LEVELS:
            raise BoardError("it has too many levels")
        return Board(
            _time(said["ts"]),
            _time(said["expires"]),
            tuple([_level(level) for level in levels if level["kind"] in KINDS]),
            _count(incident["severity"]),
            _count(incident["open"]),
            {kind: _time(said["until"][kind]) for kind in (*KINDS, INCIDENT) if kind in said.get("until", {})},
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BoardError(type(error).__name__) from None


class Told:
    """A board, ready to be asked about exchanges. Its memory of earlier questions is bounded."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._of: dict[tuple[str, str, str], list[Level]] = {}
        for level in board.levels:
            self._of.setdefault((level.app, level.model, level.surface), []).append(level)
        self._known: dict[tuple[str, str, str], tuple[Signals, Mapping[str, float]]] = {}

    def about(self, subject: Subject, now: float) -> Signals:
        """``now`` is in seconds since 1970."""
        name = (subject.app, subject.model, subject.surface)
        known = self._known.get(name)
        if known is None:
            known = self._told(name)
            if len(self._known) < _MAX_REMEMBERED:
                self._known[name] = known
        signals, until = known
        if self.board.is_stale(now):
            return STALE
        stale = frozenset([kind for kind, expires in until.items() if now > expires])
        return _without(signals, stale) if stale else signals

    def _told(self, name: tuple[str, str, str]) -> tuple[Signals, Mapping[str, float]]:
        """And until when, by kind, where that is not as long as the board lasts."""
        board = self.board
        levels: dict[Kind, dict[str, float]] = {kind: dict.fromkeys(names, 0.0) for kind, names in NAMES.items()}
        until = dict(board.until)
        for app, model, surface in product(*[dict.fromkeys(("", part)) for part in name]):
            for each in self._of.get((app, model, surface), ()):
                if (app == name[0] or each.kind not in _OF_TRAFFIC) and name[1] not in each.but:
                    levels[each.kind][each.name] = max(each.level, levels[each.kind].get(each.name, 0.0))
                    until[each.kind] = min(each.expires, until.get(each.kind, board.expires))
        return Signals(levels["drift"], levels["disparity"], levels["anomaly"], board.incident_severity, board.incidents_open), until


STALE = Signals(is_stale=True)


def _without(signals: Signals, stale: frozenset[str]) -> Signals:
    """Nothing is left of what is stale."""
    drift, disparity, anomaly = ({} if kind in stale else getattr(signals, kind) for kind in KINDS)
    severity, count = (0, 0) if INCIDENT in stale else (signals.incident_severity, signals.incidents_open)
    return replace(
        signals, drift=drift, disparity=disparity, anomaly=anomaly, incident_severity=severity, incidents_open=count, stale_kinds=stale
    )


def _level(said: Mapping[str, Any]) -> Level:
    since = said.get("since")
    return Level(
        said["kind"],
        _text(said["name"]),
        _number(said["level"]),
        _time(said["expires"]),
        _text(said.get("app", "")),
        _text(said.get("model", "")),
        _text(said.get("surface", "")),
        None if since is None else _time(since),
        _text(said.get("evidence", "")),
        tuple([_text(model) for model in said.get("but", ())]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_NAME:
        raise TypeError("no name")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise TypeError("no level")
    return float(value)


def _time(value: object) -> float:
    return _number(value)


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 31:
        raise TypeError("no count")
    return value
