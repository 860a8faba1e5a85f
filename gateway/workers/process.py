"""A worker as a process: started with a link, started again when it ends, and ended when all are."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Sequence
from functools import partial

from gateway.proxy.restarting import keep_running
from gateway.wire.model import Json
from gateway.workers.born import Setup
from gateway.workers.link import Link, UnansweredError, send

_PAUSE_S, _MAX_PAUSE_S = 0.1, 5.0
_END_S = 10.0
"""Besides the time for what is under way."""

log = logging.getLogger("oddgate")


class _OverError(Exception):
    """It is not to be started again."""


class WorkerProcess:
    """``command`` runs a worker, given the number of its link as the last argument."""

    def __init__(self, command: Sequence[str], setup: Setup) -> None:
        self._command = command
        self._setup = setup
        self._process: asyncio.subprocess.Process | None = None
        self._link: Link | None = None
        self._was_up = False
        self._is_ending = False
        self.starts = 0
        self.is_up = asyncio.Event()
        """While it serves."""

    @property
    def number(self) -> int:
        return self._setup.number

    @property
    def name(self) -> str:
        """That no other has had."""
        return f"{self.number}.{self.starts}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def ask(self, name: str, *args: Json, within_s: float) -> Json:
        """See ``Link.ask``."""
        if self._link is None or not self.is_up.is_set():
            raise UnansweredError(name)
        return await self._link.ask(name, *args, within_s=within_s)

    async def run(self, ended: Callable[[str], None]) -> None:
        """Until it has ended for good: told to, or before it ever served. ``ended`` is told the name of each that has ended."""
        with contextlib.suppress(_OverError):
            await keep_running(partial(self._once, ended), _PAUSE_S, _MAX_PAUSE_S)

    async def _once(self, ended: Callable[[str], None]) -> None:
        if self._is_ending:
            raise _OverError
        self.starts += 1
        try:
            await self._live()
        except OSError as error:
            log.error("worker %d cannot be started: %s", self.number, error.strerror)  # noqa: TRY400 the reason says it
        finally:
            self.is_up.clear()
            ended(self.name)
        if self._is_ending or not self._was_up:
            raise _OverError

    async def _live(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = process = await asyncio.create_subprocess_exec(
                    *self._command, str(theirs.fileno()), stdin=asyncio.subprocess.DEVNULL, env=dict(os.environ),
                    pass_fds=(theirs.fileno(), *self._setup.listeners),
                )  # fmt: skip
            except OSError:
                ours.close()
                raise
        if self._is_ending:  # it was told before there was one
            process.terminate()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        self._link = link = Link(reader, writer)
        send(writer, self._setup.as_bytes())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(link.run(), name=f"link {self.number}")
            tasks.create_task(self._wait_until_up(link), name=f"worker {self.number}")
            code = await process.wait()
        if self._was_up and not self._is_ending:
            log.warning("worker %d ended with code %d; the others go on", self.number, code)

    async def _wait_until_up(self, link: Link) -> None:
        with contextlib.suppress(UnansweredError):  # it has ended
            await link.ask("is_up", within_s=None)
            self._was_up = True
            self.is_up.set()

    def end(self) -> None:
        """What is under way may end, and then it goes."""
        self._is_ending = True
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    async def close(self, within_s: float) -> None:
        """It has ended; it is made to where it takes too long."""
        if self._process is None or self._process.returncode is not None:
            return
        try:
            await asyncio.wait_for(self._process.wait(), within_s + _END_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
