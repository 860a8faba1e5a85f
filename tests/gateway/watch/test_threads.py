"""Threads that go on."""

import logging
import threading

import pytest

from gateway.watch import threads
from gateway.watch.threads import Threads


def test_a_fault(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """Who breaks off begins again, is counted, and said without a text; the others go on; all end when they are told to."""
    monkeypatch.setattr(threads, "_AGAIN_S", 0.0)
    stop, made, begun = threading.Event(), Threads(), []

    def breaks() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise ValueError("secret text")
        stop.wait()

    with caplog.at_level(logging.ERROR):
        made.start("looking for it", breaks, stop)
        made.start("waiting", stop.wait, stop)
        while len(begun) < 3:
            stop.wait(0.01)
    assert made.are_alive
    stop.set()
    made.end()
    assert (made.are_alive, made.faults) == (False, 2)
    assert caplog.messages == ["looking for it broke off (ValueError), and begins again"] * 2
