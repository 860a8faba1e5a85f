"""Something that fails for a while."""

import errno

import pytest

from gateway.telemetry.outage import Outage

FULL = OSError(errno.ENOSPC, "No space left on device")


def test_said_once(caplog: pytest.LogCaptureFixture):
    """However often it fails, the log has one line as it begins and one as it is over; until then there is a reason."""
    outage = Outage("journal: nothing is written")
    outage.worked()
    assert (outage.reasons, caplog.messages) == ([], [])
    for _ in range(3):
        outage.failed(FULL)
    assert outage.reasons == ["journal: nothing is written"]
    outage.worked()
    outage.worked()
    assert outage.reasons == []
    outage.failed(OSError("text that may be anybody's"))
    assert caplog.messages == [
        "journal: nothing is written: No space left on device",
        "journal: nothing is written: no longer",
        "journal: nothing is written: OSError",
    ]
