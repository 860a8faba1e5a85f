"""What is wrong of what a gateway and the watch beside it say of themselves, handed to another watch, which tells people."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gateway.detecting.figures import Figures
from gateway.incidents.symptom import dimensions, to_bytes
from gateway.telemetry.condition import condition

_LOOK_S = 10.0


class Handing:
    """``hand_over`` takes it to who leads, and may raise OSError: what goes on is found again. ``host`` says where it is. ``wall`` gives
    seconds since 1970, ``clock`` seconds that never go back.
    """

    def __init__(
        self,
        folder: Path,
        host: str,
        hand_over: Callable[[Sequence[bytes]], None],
        wall: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._folder, self._host, self._hand_over = folder, host, hand_over
        self._wall, self._clock = wall, clock
        self._figures = Figures()
        self._next_look = clock()

    def hear(self, figures: Mapping[str, float]) -> None:
        """What the watch says of itself."""
        if self._clock() < self._next_look:
            return
        self._next_look = self._clock() + _LOOK_S
        now = self._wall()
        found = [
            replace(each, dimensions=dimensions({**dict(each.dimensions), "host": self._host}))
            for each in self._figures.take({**figures, **condition(self._folder, now)}, now)
        ]
        if found:
            with suppress(OSError):
                self._hand_over([to_bytes(each) for each in found])
