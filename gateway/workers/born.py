"""A worker's own end of its link: what it is born with, and how it is asked."""

import asyncio
import os
import pickle
import socket
from dataclasses import dataclass

from gateway.config import Config
from gateway.workers.link import Answers, answer, receive


@dataclass(frozen=True, slots=True)
class Setup:
    """``number`` 0 leads. ``listeners`` are sockets that all workers listen on, by their number in each process."""

    number: int
    config: Config
    listeners: tuple[int, ...]

    def as_bytes(self) -> bytes:
        return pickle.dumps(self)

    def sockets(self) -> list[socket.socket]:
        return [_own(number) for number in self.listeners]


class Parent:
    """The process that has started this one, as far as it can be heard."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def setup(self) -> Setup | None:
        """None where it is gone already."""
        frame = await receive(self._reader)
        said = pickle.loads(frame) if frame else None  # noqa: S301 by a socket that nobody else has
        return said if isinstance(said, Setup) else None

    async def serve(self, answers: Answers) -> None:
        """Until it is gone."""
        await answer(self._reader, self._writer, answers)


async def parent(number: int) -> Parent:
    """By the number of the link's socket. Raises OSError where there is none."""
    return Parent(*await asyncio.open_unix_connection(sock=_own(number)))


def _own(number: int) -> socket.socket:
    """Not for processes that this one starts."""
    os.set_inheritable(number, False)
    return socket.socket(fileno=number)
