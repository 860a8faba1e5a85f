"""A Valkey or Redis of the gateway's own, for the workers of one host: nothing outside this host reaches it, nothing of it is written to
disk, and it ends with the gateway.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

_PROGRAMS = ("valkey-server", "redis-server")
_START_S = 10.0
_LOOK_S = 0.02
_OWN_MB = 4
"""What the server takes for itself."""

log = logging.getLogger("oddgate")


class EmbeddedStore:
    """Raises RuntimeError where none is installed. ``url`` has its password, which is made for this one alone."""

    def __init__(self, max_mb: int) -> None:
        found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
        if found is None:
            what = " or ".join(_PROGRAMS)
            raise RuntimeError(f"several workers share what state.url keeps: install {what}, or set state.url to redis://…")
        if find_spec("redis") is None:
            raise RuntimeError("several workers share what state.url keeps, by what is not installed: pip install 'oddgate[redis]'")
        self._program = found
        self._max_mb = max_mb
        self._folder = Path(tempfile.mkdtemp(prefix="oddgate-"))  # for its owner alone
        self._socket = self._folder / "store.sock"
        self._password = secrets.token_hex(32)
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"unix://{self._socket}?password={self._password}"

    async def start(self) -> None:
        """Until it takes connections. Raises RuntimeError where it does not."""
        command = (sys.executable, "-m", "gateway.storage.tethered", str(os.getpid()), self._program, "-")
        self._process = process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            cwd=self._folder,
            start_new_session=True,  # Ctrl-C is for the gateway: exchanges that end then need it
        )
        assert process.stdin  # noqa: S101 it was asked for
        process.stdin.write(self._settings().encode())
        process.stdin.close()
        try:
            async with asyncio.timeout(_START_S):
                while not await self._listens():
                    if process.returncode is not None:
                        raise RuntimeError(f"{self._program} ended with code {process.returncode}")
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise RuntimeError(f"{self._program} does not listen in time") from None

    async def run(self) -> None:
        """Until it ends; or it is started again, where it has ended. What it held is gone then."""
        try:
            if self._process is None or self._process.returncode is not None:
                await self.start()
            if self._process:
                code = await self._process.wait()
                log.error("the store of placeholders ended with code %d; what it held is lost, and it is started again", code)
        except (RuntimeError, OSError) as error:
            log.error("the store of placeholders cannot be started: %s", error)  # noqa: TRY400 the reason says it

    async def close(self) -> None:
        process = self._process
        if process and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # there is nothing to be kept
            await process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _settings(self) -> str:
        return (
            f"port 0\nunixsocket {self._socket}\nunixsocketperm 600\nrequirepass {self._password}\n"
            f'dir {self._folder}\nsave ""\nappendonly no\ndaemonize no\nloglevel warning\n'
            f"maxmemory {self._max_mb + _OWN_MB}mb\nmaxmemory-policy volatile-ttl\n"
        )

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            return False
        writer.close()
        return True
