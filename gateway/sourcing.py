"""The watch's other sources, put together: servers whose metrics are scraped, and what the receiver of telemetry has put by.

All of it runs in one thread, in turns: whatever it does, the store is not held up.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from gateway.config import Config
from gateway.config.telemetry import ScrapeTarget
from gateway.proxy.keeping import read_file, replace_file
from gateway.telemetry.observed import RECEIVED, Observer
from gateway.watch.sources.intake import Intake
from gateway.watch.sources.scraping import Scraper, Target
from gateway.watch.sources.shown import MAX_BYTES, NAME, SERIES_NAME, render, render_series
from gateway.watch.sources.spool import SpoolReader, parse_offsets, render_offsets
from gateway.watch.threads import Threads

_READ = "received-read.json"
_ASK_S, _IDLE_S, _SAY_S, _END_S = 0.2, 0.5, 5.0, 2.0

log = logging.getLogger("oddgate.watch")


class Sources:
    """``wall`` and ``clock`` give seconds, since 1970 and never going back; ``observers`` are called in this thread alone."""

    def __init__(
        self, config: Config, wall: Callable[[], float], clock: Callable[[], float], observers: Sequence[Observer] = ()
    ) -> None:  # fmt: skip
        self._dir = config.watch.dir
        self._wall = wall
        self.intake = Intake(observers)
        self._scraper = Scraper([_target(each) for each in config.telemetry.scrape], self.intake.scrape, wall, clock)
        self._spool = SpoolReader(self._dir / RECEIVED, self._offsets(), self.intake.receive)
        self._threads = Threads(_END_S)

    def start(self, stop: threading.Event) -> None:
        self._threads.start("reading other sources", partial(self._run, stop), stop)

    def end(self) -> None:
        self._threads.end()

    def figures(self) -> dict[str, float]:
        said = self.intake.figures()
        return {**said, **self._spool.figures(), "source_faults": self._threads.faults + said["source_faults"]}

    def _run(self, stop: threading.Event) -> None:
        asyncio.run(self._work(stop))
        self._say()

    async def _work(self, stop: threading.Event) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in (self._scraper.run(), self._read(), self._keep_saying())]
            while not stop.is_set():  # noqa: ASYNC110 it is another thread's event
                await asyncio.sleep(_ASK_S)
            for task in tasks:
                task.cancel()

    async def _read(self) -> None:
        while True:  # noqa: ASYNC110 it is another process that writes
            await asyncio.sleep(0 if self._spool.step() else _IDLE_S)

    async def _keep_saying(self) -> None:
        while True:
            self._say()
            await asyncio.sleep(_SAY_S)

    def _say(self) -> None:
        """Where it cannot be said, what was read comes again after a restart, and yet it goes on."""
        with suppress(OSError):
            replace_file(self._dir / NAME, render(self._wall(), self.figures(), self._scraper.states))
            replace_file(self._dir / SERIES_NAME, render_series(self.intake.latest()))
            replace_file(self._dir / _READ, render_offsets(self._spool.offsets))

    def _offsets(self) -> dict[str, int]:
        try:
            return dict(parse_offsets(read_file(self._dir / _READ, MAX_BYTES)))
        except OSError:
            return {}


def _target(settings: ScrapeTarget) -> Target:
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    if settings.bearer_token:
        headers["Authorization"] = f"Bearer {settings.bearer_token.get_secret_value()}"
    return Target(settings.name, settings.url, settings.kind, settings.interval_s, headers)
