"""Beginning again what has ended, with pauses."""

import asyncio

import pytest

from gateway.proxy import restarting
from gateway.proxy.restarting import keep_running


class Clock:
    """Time that passes only where something waits."""

    def __init__(self, lasts_s: list[float]) -> None:
        self.lasts_s = lasts_s
        self.now = 0.0
        self.pauses: list[float] = []

    async def run(self) -> None:
        if not self.lasts_s:
            raise asyncio.CancelledError
        self.now += self.lasts_s.pop(0)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(
    ("lasts_s", "pauses"),
    [
        ([0, 0, 0, 0], [1, 2, 4, 8]),
        ([0] * 8, [1, 2, 4, 8, 16, 30, 30, 30]),
        ([0, 0, 60, 0], [1, 2, 1, 2]),
        ([3600], [1]),
    ],
)
async def test_pauses(lasts_s: list[float], pauses: list[float], monkeypatch: pytest.MonkeyPatch):
    """They double up to a bound, and begin anew after a run that was steady."""
    clock = Clock(list(lasts_s))
    monkeypatch.setattr(restarting.asyncio, "sleep", clock.sleep)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock.now)
    with pytest.raises(asyncio.CancelledError):
        await keep_running(clock.run, 1.0, 30.0)
    assert clock.pauses == pauses
