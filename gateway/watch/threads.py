"""Threads of the watch that go on until they are told to stop, also after a fault of ours: whatever one of them does, no other is held
up.
"""

import logging
import threading
from collections.abc import Callable

_AGAIN_S = 5.0

log = logging.getLogger("oddgate.watch")


class Threads:
    """Of one part of the watch. ``faults`` counts how often one of them broke off."""

    def __init__(self, end_s: float = 10.0) -> None:
        self._end_s = end_s
        self._all: list[threading.Thread] = []
        self.faults = 0

    def start(self, name: str, work: Callable[[], object], stop: threading.Event) -> None:
        """``work`` returns once ``stop`` is set."""
        thread = threading.Thread(target=self._run, args=(name, work, stop), name=name, daemon=True)
        self._all.append(thread)
        thread.start()

    def end(self) -> None:
        """Waits for them, for a while; what is not done by then is for the next watch."""
        for thread in self._all:
            thread.join(self._end_s)

    @property
    def are_alive(self) -> bool:
        return any(thread.is_alive() for thread in self._all)

    def _run(self, name: str, work: Callable[[], object], stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                work()
            except Exception as error:  # noqa: BLE001 the last line of this thread
                self.faults += 1
                log.error("%s broke off (%s), and begins again", name, type(error).__name__)  # noqa: TRY400 no text of it
                stop.wait(_AGAIN_S)
