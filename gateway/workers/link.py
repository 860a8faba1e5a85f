"""Questions and answers between the process over the workers and one of them: JSON in frames, each with its length before it.

One end asks (``Link``) and the other answers (``answer``), one question after the other. It is a private socket between a process and its
child: what comes by it is trusted, and yet bounded.
"""

import asyncio
import json
import logging
import struct
from collections.abc import Awaitable, Callable, Mapping

from gateway.wire.codec import encode
from gateway.wire.model import Json

MAX_BYTES = 64 << 20
"""Of a frame."""
_MAX_UNSENT = 4 << 20
_LENGTH = struct.Struct("!I")

Answers = Mapping[str, Callable[..., Awaitable[Json]]]

log = logging.getLogger("oddgate")


class UnansweredError(Exception):
    """The worker is gone, does not answer in time, or failed to."""


class Link:
    """The end that asks. ``run`` it as long as it is in use."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asked: dict[int, asyncio.Future[Json]] = {}
        self._number = 0
        self._is_lost = False

    async def ask(self, name: str, *args: Json, within_s: float | None) -> Json:
        """Raises UnansweredError; and KeyError and OSError where the other end did."""
        if self._is_lost or self._writer.transport.get_write_buffer_size() > _MAX_UNSENT:
            raise UnansweredError(name)
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            send(self._writer, encode([number, name, args]))
            async with asyncio.timeout(within_s):
                return _said(name, await answer)
        except TimeoutError:
            raise UnansweredError(name) from None
        finally:
            del self._asked[number]

    async def run(self) -> None:
        """Until the other end is closed."""
        try:
            while (frame := await receive(self._reader)) is not None:
                number, *said = json.loads(frame)
                answer = self._asked.get(number)
                if answer and not answer.done():
                    answer.set_result(said)
        except (ValueError, TypeError):
            log.error("a worker said what is no answer; its link is closed")  # noqa: TRY400 no text of it
        finally:
            self._is_lost = True
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_result(["lost", None])
            self._writer.close()


def _said(name: str, answer: Json) -> Json:
    how, value = answer
    if how == "is":
        return value
    if how == "KeyError":
        raise KeyError(value)
    if how == "OSError":
        raise OSError(value)
    raise UnansweredError(name)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: Answers) -> None:
    """Until the other end is closed."""
    while (frame := await receive(reader)) is not None:
        number, name, args = json.loads(frame)
        send(writer, encode([number, *await _answered(answers, name, args)]))
        await writer.drain()


async def _answered(answers: Answers, name: str, args: Json) -> tuple[str, Json]:
    try:
        return "is", await answers[name](*args)
    except (KeyError, OSError) as error:
        return ("KeyError" if isinstance(error, KeyError) else "OSError"), ""
    except Exception as error:  # noqa: BLE001 a worker goes on serving, whatever it is asked
        log.error("a worker could not answer %s: %s", name, type(error).__name__)  # noqa: TRY400 no text of it
        return "failed", None


def send(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(_LENGTH.pack(len(frame)) + frame)


async def receive(reader: asyncio.StreamReader) -> bytes | None:
    """None where the other end is closed, or says more than it may."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return await reader.readexactly(length) if length <= MAX_BYTES else None
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
