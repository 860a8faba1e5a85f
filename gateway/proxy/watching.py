"""The watch as a child of the gateway: started, started again when it ends, and ended after the last record."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from gateway.proxy.restarting import keep_running

_PAUSE_S, _MAX_PAUSE_S = 1.0, 30.0
_END_S = 5.0

log = logging.getLogger("oddgate")


class Watching:
    """``command`` runs a watch that ends when its standard input does: it never outlives the gateway, however that ends."""

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        self._command = command
        self._env = env
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        """Until cancelled."""
        await keep_running(self._once, _PAUSE_S, _MAX_PAUSE_S)

    async def _once(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.PIPE, env=self._env)
            code = await self._process.wait()
            log.warning("the watch ended with code %d; exchanges go on, and what it missed is read from the journal", code)
        except OSError as error:
            log.warning("the watch cannot be started: %s", error.strerror)

    async def close(self) -> None:
        """The watch reads what is left, and ends; it is made to where it takes too long."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
