"""Reads the text in the pictures of a request, so that guards see it: each picture once, as long as it is remembered.

What was read is a text at the picture's place that no edit reaches. A picture that cannot be read, or not in time, stays what it was,
uninspectable, with the reason.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from detectors.contract import Factory, Reading
from gateway.guard.memo import Memo, TextKey
from gateway.proxy.offload import Undone, Work
from gateway.wire.model import Form, Kind, Request, Segment, Uninspectable, at
from gateway.wire.pictures import picture_of

_CONFIGURATION = "ocr"


class Readers(Protocol):
    async def read(self, work: Work) -> Reading | Undone: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """``max_pictures`` are read for one request, besides those that are remembered; ``max_bytes`` is of one picture."""

    max_pictures: int
    max_bytes: int
    deadline_s: float


@dataclass(frozen=True, slots=True)
class _Asked:
    """One picture, by where its part stands among the uninspectable ones."""

    index: int
    data: str
    key: TextKey


class Pictures:
    """``memo`` holds what was read, by keyed hashes of the pictures."""

    def __init__(self, readers: Readers, factory: Factory, limits: Limits, memo: Memo[Reading]) -> None:
        self._readers = readers
        self._factory = factory
        self._limits = limits
        self._memo = memo

    async def read(self, request: Request) -> Request:
        """The request with the texts of its pictures. Takes no longer than the deadline."""
        asked = [found for index, part in enumerate(request.uninspectable) if (found := self._asked(request, index, part))]
        if not asked:
            return request
        readings = await self._readings({each.key: each.data for each in asked})
        segments, unread = list(request.segments), dict(enumerate(request.uninspectable))
        for each in asked:
            part, reading = unread[each.index], readings[each.key]
            if reading.why or part.scope is None:
                unread[each.index] = replace(part, why=reading.why)
            else:
                segments.append(Segment(reading.text, "picture", part.scope, part.place, Form.PICTURE))
                del unread[each.index]
        return replace(request, segments=tuple(segments), uninspectable=tuple(unread.values()))

    def _asked(self, request: Request, index: int, part: Uninspectable) -> _Asked | None:
        if part.kind is not Kind.IMAGE or part.scope is None:
            return None
        data = picture_of(at(request.body, part.place))
        return _Asked(index, data, self._memo.text_key(data)) if data is not None else None

    async def _readings(self, pictures: Mapping[TextKey, str]) -> dict[TextKey, Reading]:
        """Of each picture, from memory or side by side."""
        readings: dict[TextKey, Reading] = {}
        new: list[TextKey] = []
        for key, data in pictures.items():
            if (known := self._known(key, data)) is not None:  # an empty one is falsy
                readings[key] = known
            elif len(new) < self._limits.max_pictures:
                new.append(key)
            else:
                readings[key] = Reading("", "too_many")
        read = await asyncio.gather(*(self._read(key, pictures[key]) for key in new))
        return readings | dict(zip(new, read, strict=True))

    def _known(self, key: TextKey, data: str) -> Reading | None:
        if len(data) * 3 // 4 > self._limits.max_bytes:
            return Reading("", "too_large")
        return self._memo.get(_CONFIGURATION, key)

    async def _read(self, key: TextKey, data: str) -> Reading:
        reading = await self._readers.read(Work(self._factory, (data,), self._limits.deadline_s, (_CONFIGURATION, key)))
        if isinstance(reading, Undone):
            return Reading("", reading.reason)
        self._memo.put(_CONFIGURATION, key, reading)
        return reading
