"""Reads the text in the pictures of requests and answers, so that guards see it: each picture once, as long as it is remembered.

What was read is a text at the picture's place that no edit reaches. A picture that cannot be read, or not in time, stays what it was,
uninspectable, with the reason.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from detectors.contract import Factory, Reading
from gateway.guard.memo import Memo, TextKey
from gateway.guard.plan import Plan
from gateway.proxy.offload import Undone, Work
from gateway.wire.model import Delta, Event, Form, Json, Kind, Place, Request, Segment, Uninspectable, at
from gateway.wire.pictures import picture_of
from policies.vocabulary import Scope

_CONFIGURATION = "ocr"
_DEADLINES = 50
"""An exchange of many parts (a file of rows, a session, a stream) waits for its pictures no longer than so many deadlines together."""


class Readers(Protocol):
    async def read(self, work: Work) -> Reading | Undone: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """``max_pictures`` are read for one request, row or event, besides those that are remembered, within ``deadline_s``; ``max_bytes`` is
    of one picture.
    """

    max_pictures: int
    max_bytes: int
    deadline_s: float


class _Found(NamedTuple):
    """A part with a picture, whose it is, and what it is known by."""

    part: Uninspectable
    scope: Scope
    key: TextKey


class Pictures:
    """``memo`` holds what was read, by keyed hashes of the pictures; ``clock`` is in seconds."""

    def __init__(self, readers: Readers, factory: Factory, limits: Limits, memo: Memo[Reading], clock: Callable[[], float]) -> None:
        self._readers = readers
        self._factory = factory
        self._memo = memo
        self.limits = limits
        self.clock = clock

    def reader(self) -> "PictureReader":
        """For one exchange."""
        return PictureReader(self)

    def key(self, data: str) -> TextKey:
        return self._memo.text_key(data)

    def known(self, key: TextKey, data: str) -> Reading | None:
        """What needs no worker."""
        if len(data) * 3 // 4 > self.limits.max_bytes:
            return Reading("", "too_large")
        return self._memo.get(_CONFIGURATION, key)

    async def read(self, key: TextKey, data: str, deadline_s: float) -> Reading:
        reading = await self._readers.read(Work(self._factory, (data,), deadline_s, (_CONFIGURATION, key)))
        if isinstance(reading, Undone):
            return Reading("", reading.reason)
        self._memo.put(_CONFIGURATION, key, reading)
        return reading


class PictureReader:
    """Of one exchange: its request, or the rows or events that it is made of, and its answer."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._left_s = pictures.limits.deadline_s * _DEADLINES
        self._told: set[TextKey] = set()

    async def read(self, request: Request) -> Request:
        """The request with the texts of its pictures."""
        found, data = self._find(request.body, request.uninspectable, None)
        if not found:
            return request
        readings = await self._readings(data)
        read = [each for each in found if not readings[each.key].why]
        added = (Segment(readings[each.key].text, "picture", each.scope, each.part.place, Form.PICTURE) for each in read)
        unread = _unread(request.uninspectable, found, readings)
        return replace(request, segments=(*request.segments, *added), uninspectable=unread)

    async def read_answer(self, event: Event, plan: Plan) -> None:
        """The same for an answer, or one event of it, if a rule looks at what is put out."""
        if not plan.on_answer.of(Scope.OUTPUT):
            return
        found, data = self._find(event.body, event.uninspectable, Scope.OUTPUT)
        if not found:
            return
        readings = await self._readings(data)
        read = [each for each in found if not readings[each.key].why]
        event.deltas = (*event.deltas, *(self._delta(each, readings[each.key].text) for each in read))
        event.uninspectable = _unread(event.uninspectable, found, readings)

    def _delta(self, found: _Found, text: str) -> Delta:
        place = found.part.place
        is_again = found.key in self._told
        self._told.add(found.key)
        return Delta(("picture", *place), found.scope, text, place, Form.PICTURE, closes=True, echoes=is_again)

    def _find(self, body: Json, parts: Iterable[Uninspectable], scope: Scope | None) -> tuple[list[_Found], dict[TextKey, str]]:
        """The parts with pictures, and those. ``scope``: whose they are; None: whose the dialect says, which leaves those that it is not
        sure of.
        """
        found: list[_Found] = []
        data: dict[TextKey, str] = {}
        for part in parts:
            whose = scope or part.scope
            if part.kind is Kind.IMAGE and whose and (picture := _picture(body, part.place)) is not None:
                found.append(_Found(part, whose, self._pictures.key(picture)))
                data[found[-1].key] = picture
        return found, data

    async def _readings(self, pictures: Mapping[TextKey, str]) -> dict[TextKey, Reading]:
        """Of each picture, from memory or side by side."""
        readings: dict[TextKey, Reading] = {}
        new: list[TextKey] = []
        for key, data in pictures.items():
            if (known := self._pictures.known(key, data)) is not None:  # an empty one is falsy
                readings[key] = known
            elif len(new) < self._pictures.limits.max_pictures:
                new.append(key)
            else:
                readings[key] = Reading("", "too_many")
        return readings | await self._read({key: pictures[key] for key in new})

    async def _read(self, new: Mapping[TextKey, str]) -> dict[TextKey, Reading]:
        """Side by side, while the exchange's time lasts."""
        deadline_s = min(self._pictures.limits.deadline_s, self._left_s)
        if deadline_s <= 0:
            return dict.fromkeys(new, Reading("", "timeout"))
        begin = self._pictures.clock()
        read = await asyncio.gather(*(self._pictures.read(key, data, deadline_s) for key, data in new.items()))
        self._left_s -= self._pictures.clock() - begin
        return dict(zip(new, read, strict=True))


def _picture(body: Json, place: Place) -> str | None:
    try:
        return picture_of(at(body, place))
    except (KeyError, IndexError, TypeError):  # an event without what its type promises
        return None


def _unread(parts: Iterable[Uninspectable], found: Iterable[_Found], readings: Mapping[TextKey, Reading]) -> tuple[Uninspectable, ...]:
    """The parts without those that were read; of the others that were tried, why they were not."""
    why = {id(each.part): readings[each.key].why for each in found}
    return tuple(replace(part, why=why[id(part)]) if id(part) in why else part for part in parts if why.get(id(part)) != "")
