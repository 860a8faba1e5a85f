"""What is done beside taking the journal, and when it is done again."""

import logging

import pytest

from gateway.watch.upkeep import Upkeep


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("took_s", "again_s"), [(0.0, 30.0), (1.0, 30.0), (3.0, 60.0)])
def test_no_more_than_its_share(took_s, again_s):
    """It comes again after its time; what takes long comes later, so that it takes a twentieth of the time at most."""
    clock = Clock()

    def work() -> None:
        clock.now += took_s

    assert Upkeep("drift", clock).again(30.0, work) == clock.now + again_s


def test_what_cannot_be_written(caplog):
    """It is counted and comes again in its time; it is said once, without a text that is not ours."""

    def work() -> None:
        raise OSError(28, "No space left on device", "a secret path")

    upkeep = Upkeep("drift", Clock())
    with caplog.at_level(logging.WARNING):
        assert [upkeep.again(5.0, work), upkeep.again(5.0, work)] == [105.0, 105.0]
    assert upkeep.errors == 2
    assert [record.getMessage() for record in caplog.records] == ["what is known of drift cannot be written down: No space left on device"]


def test_a_fault_of_ours():
    """It is nobody's to hide."""
    with pytest.raises(ZeroDivisionError):
        Upkeep("drift", Clock()).again(5.0, lambda: 1 // 0)
