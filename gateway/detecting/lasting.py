"""Symptoms that go on: told when they begin, and again every step until they are over.

At level 1 one begins; it goes on down to half of that. What nothing more is heard of is over after a while, too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from gateway.incidents.symptom import Symptom

BEGINS, ENDS = 1.0, 0.5
MAX_GOING_ON = 500

Whose = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    whose: Whose
    symptom: Symptom
    heard: float


class Lasting:
    """``now`` is the time of who reads. ``holds_s``: for how long what was said of somebody is taken to be so."""

    def __init__(self, step_s: float = 10.0, holds_s: float = 150.0) -> None:
        self._step_s = step_s
        self._holds_s = holds_s
        self._told: dict[tuple[Whose, str, str], _Told] = {}
        self._stepped = 0.0
        self.left_out = 0
        """Symptoms beyond ``MAX_GOING_ON``."""

    def __len__(self) -> int:
        return len(self._told)

    def note(self, whose: Whose, found: Iterable[Symptom], now: float) -> list[Symptom]:
        """All that is so of somebody by now: what was told before and is not among it is over. What of it is to be told."""
        before = {key for key in self._told if key[0] == whose}
        told = [symptom for symptom in found if self._goes_on(whose, symptom, now)]
        for key in before - {_key(whose, symptom) for symptom in told}:
            del self._told[key]
        return told

    def add(self, whose: Whose, symptom: Symptom, now: float) -> list[Symptom]:
        """One thing more."""
        return [symptom] if self._goes_on(whose, symptom, now) else []

    def tick(self, now: float) -> Iterator[Symptom]:
        """Once a step, all that goes on."""
        if 0 <= now - self._stepped < self._step_s:
            return
        self._stepped = now
        self._told = {key: told for key, told in self._told.items() if now - told.heard <= self._holds_s}
        for told in list(self._told.values()):
            yield replace(told.symptom, at=now)

    def _goes_on(self, whose: Whose, symptom: Symptom, now: float) -> bool:
        key = _key(whose, symptom)
        known = self._told.get(key)
        if symptom.level < (ENDS if known else BEGINS):
            return False
        if not known and len(self._told) >= MAX_GOING_ON:
            self.left_out += 1
            return False
        self._told[key] = _Told(whose, symptom, now)
        return True

    def snapshot(self) -> bytes:
        return _ADAPTER.dump_json((self._stepped, tuple(self._told.values())))

    def restore(self, data: bytes) -> None:
        """Raises ValueError."""
        stepped, found = _ADAPTER.validate_json(data)
        if len(found) > MAX_GOING_ON:
            raise ValueError("too many symptoms")
        self._stepped = stepped
        self._told = {_key(told.whose, told.symptom): told for told in found}


def _key(whose: Whose, symptom: Symptom) -> tuple[Whose, str, str]:
    return whose, symptom.kind, symptom.series


SYMPTOM = TypeAdapter(Symptom)
"""As JSON and back; raises ValueError."""
_ADAPTER = TypeAdapter(tuple[float, tuple[_Told, ...]])
