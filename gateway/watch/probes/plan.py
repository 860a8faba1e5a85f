"""Which exchanges are probed, and what a probe asks: the same prompt about another group. Pure.

Only a plain question can be asked again: one turn of a user, in the texts that are kept redacted, whole, without tools, pictures or
anything that was not looked at. Which exchanges of those are taken, their ids decide, which nobody outside chooses.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from detectors.text.group_terms import AXES
from detectors.text.swaps import Swap, Swaps
from gateway.guard.kept import Span
from gateway.watch.probes.invented import Invented, UnknownKindError
from policies.globs import first_of
from policies.rehearsal.exchange import Exchange
from policies.rehearsal.recorded import LineError, entry

MAX_CHARS = 4000
"""Of a prompt, with its system message."""
SURFACES = frozenset({"chat", "messages", "responses"})
ATTRIBUTES = tuple(axis.name for axis in AXES)
_IDS = 2**32

Record = Mapping[str, Any]


class Left(StrEnum):
    """Why an exchange that could have been probed was not."""

    NO_TEXT = "no_text"
    """Not one turn of a user alone, whole and redacted."""
    VALUE = "value"
    """There is a value in it of a kind of which none can be invented."""
    NO_SWAP = "no_swap"
    """It names no group, or several, or would not stay true or right of another one."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a probe is to ask, twice as it was and once of ``other`` where it was of ``group``."""

    request_id: str
    ts: float
    app: str
    surface: str
    model: str
    upstream: str
    system: str
    prompt: str
    swapped: str
    attribute: str
    group: str
    other: str
    temperature: float | None = None
    policy: str = ""
    """The version of the one that decided the exchange."""
    exchange: Exchange | None = None
    """What conditions ask about, without its texts; None: the record does not say."""


@dataclass(frozen=True, slots=True)
class Scope:
    """``upstreams``: those that may be asked, with the surfaces on which they may be. ``apps`` and ``models`` are globs."""

    apps: Sequence[str]
    models: Sequence[str]
    upstreams: Mapping[str, frozenset[str]]
    share: float


class Planner:
    """``find`` says where a text has real values, which are not sent (``real_values``)."""

    def __init__(self, scope: Scope, attributes: Iterable[str], find: Callable[[str], Iterable[Span]]) -> None:
        self._scope = scope
        self._find = find
        self._apps = _any_of(scope.apps)
        self._models = _any_of(scope.models)
        axes = {axis.name: axis for axis in AXES}
        self._swaps = [Swaps(axes[name]) for name in attributes]

    def plan(self, record: Record) -> Question | Left | None:
        """None: it is not among those that are asked about. Raises KeyError, TypeError, ValueError or AttributeError where it is no
        record.
        """
        if not self._is_asked_about(record):
            return None
        said = _texts(record)
        if said is None:
            return Left.NO_TEXT
        invented = Invented(self._find)
        try:
            system, prompt = invented.fill(said[0]), invented.fill(said[1])
        except UnknownKindError:
            return Left.VALUE
        swap = self._swap(prompt, record["request_id"])
        if swap is None:
            return Left.NO_SWAP
        return Question(
            request_id=record["request_id"], ts=float(record["ts"]), app=record["app"] or "", surface=record["surface"],
            model=record["model"], upstream=record["upstream"], system=system, prompt=prompt, swapped=swap.text,
            attribute=swap.attribute, group=swap.group, other=swap.other, temperature=(record.get("asked") or {}).get("temperature"),
            policy=record["policy"], exchange=_circumstances(record),
        )  # fmt: skip

    def _is_asked_about(self, record: Record) -> bool:
        if record["surface"] not in self._scope.upstreams.get(record["upstream"] or "", ()) or record["outcome"] != "completed":
            return False
        if record["decision"] == "block" or record["unguarded"] or not record["model"]:
            return False
        if not self._apps(record["app"] or "") or not self._models(record["model"]):
            return False
        return zlib.crc32(record["request_id"].encode()) < self._scope.share * _IDS

    def _swap(self, prompt: str, request_id: str) -> Swap | None:
        """By one attribute, of those that fit: with which the exchange's id begins."""
        first = zlib.crc32(request_id.encode()[::-1]) % len(self._swaps)
        for swaps in (*self._swaps[first:], *self._swaps[:first]):
            found = swaps.swap(prompt)
            if isinstance(found, Swap):
                return found
        return None


def _circumstances(record: Record) -> Exchange | None:
    try:
        return replace(entry(record).exchange, texts=())
    except LineError:
        return None


def _any_of(globs: Sequence[str]) -> Callable[[str], bool]:
    first = first_of([tuple(globs)])
    return lambda name: "*" in globs or first(name) is not None


def _texts(record: Record) -> tuple[str, str] | None:
    """The system's, and the user's one."""
    kept = record.get("texts")
    if not kept or kept.get("left_out") or kept.get("cut") or record["uninspectable"] or (record.get("asked") or {}).get("tools"):
        return None
    said = kept["input"]
    system = [each["text"] for each in said if each["scope"] == "system"]
    user = [each["text"] for each in said if each["scope"] == "user"]
    if len(user) != 1 or len(system) + len(user) != len(said) or not user[0].strip():
        return None
    texts = "\n\n".join(system), str(user[0])
    return texts if len(texts[0]) + len(texts[1]) <= MAX_CHARS else None
