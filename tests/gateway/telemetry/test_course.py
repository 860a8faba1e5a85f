"""The course of an exchange in time."""

from gateway.telemetry.course import MAX_ATTEMPTS
from gateway.telemetry.record import Exchange, render


def exchange() -> Exchange:
    return Exchange("req_1", 0.0, 10.0, end=20.0)


def test_stages():
    """A stage lasts from the first time that the guards are at it to the last; they were busy for the sum, also of all stages."""
    done = exchange()
    for stage, begin, end in (("input", 10.5, 11.0), ("stream", 12.0, 12.25), ("stream", 13.0, 13.25)):
        done.guarded(stage, begin, end)
    assert done.guard_s == 1.0
    assert render(done)["stages"] == [
        {"stage": "input", "at": 500.0, "ms": 500.0, "busy": 500.0, "action": "allow", "findings": 0},
        {"stage": "stream", "at": 2000.0, "ms": 1250.0, "busy": 500.0, "action": "allow", "findings": 0},
    ]


def test_an_answer_that_comes_in_pieces():
    """An attempt lasts until the last of its answer comes, and the first piece has its time; waits are counted as before, and the longest
    one after the first piece is told.
    """
    done = exchange()
    done.waits_since = 11.0
    done.attempt("near", "a" * 16, 11.0)
    done.answered("near", 200, 12.0)
    for now, waited_s in ((13.0, 0.5), (13.5, 0.375), (14.0, 0.125)):
        done.waits_since = now - waited_s
        done.heard(now)
    (attempt,) = render(done)["attempts"]
    assert (attempt["at"], attempt["ms"], attempt["first"], attempt["pause"], attempt["status"]) == (1000.0, 3000.0, 2000.0, 375.0, 200)
    assert (done.upstream, done.status, done.upstream_s) == ("near", 200, 2.0)


def test_an_attempt_of_which_nothing_is_known():
    """Where the exchange ends before an answer, it lasts until then."""
    done = exchange()
    done.attempt("near", "a" * 16, 11.0)
    (attempt,) = render(done)["attempts"]
    assert (attempt["ms"], attempt["first"], attempt["status"], attempt["error"]) == (9000.0, None, None, None)


def test_many_attempts():
    """A record's size is bounded; the last is always in it."""
    done = exchange()
    for number in range(MAX_ATTEMPTS + 10):
        done.attempt("near", f"{number:016x}", 11.0)
    attempts = render(done)["attempts"]
    assert (len(attempts), attempts[-1]["span"]) == (MAX_ATTEMPTS, f"{MAX_ATTEMPTS + 9:016x}")


def test_clocks():
    """A stage that began before its exchange is said to begin with it."""
    done = exchange()
    done.guarded("input", 9.0, 11.0)
    assert render(done)["stages"][0]["at"] == 0.0
