"""How the gateway is, as the watch is told."""

from pathlib import Path

import pytest

from gateway.telemetry.condition import FRESH_S, NAME, Condition, condition

NOW = 1_795_000_000.0


def test_what_is_said(tmp_path: Path):
    """It is read as long as it is fresh; what is no figure of the gateway's is left out."""
    told = Condition(tmp_path / "watch")
    told.say({"journal_errors": 3, "made_up": 1.0}, NOW)
    assert condition(tmp_path / "watch", NOW + FRESH_S) == {"journal_errors": 3.0}
    assert condition(tmp_path / "watch", NOW + FRESH_S + 1) == {}
    told.say({"journal_errors": 4.0, "workers_missing": 0}, NOW + 5)
    assert condition(tmp_path / "watch", NOW + 5) == {"journal_errors": 4.0, "workers_missing": 0.0}
    told.close()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b'{"ts":1795000000.0', b'{"ts":"now","journal_errors":3}', b"\xff", b"[" * 5000]
)
def test_what_cannot_be_read(tmp_path: Path, content: bytes):
    """It says nothing; neither does a file that is not there."""
    assert condition(tmp_path, NOW) == {}
    (tmp_path / NAME).write_bytes(content)
    assert condition(tmp_path, NOW) == {}


def test_two_gateways(tmp_path: Path):
    """One speaks; the other one, when that is gone."""
    one, other = Condition(tmp_path), Condition(tmp_path)
    one.say({"journal_errors": 1}, NOW)
    with pytest.raises(BlockingIOError):
        other.say({"journal_errors": 9}, NOW)
    assert condition(tmp_path, NOW) == {"journal_errors": 1.0}
    one.close()
    other.say({"journal_errors": 9}, NOW)
    assert condition(tmp_path, NOW) == {"journal_errors": 9.0}
    other.close()


def test_no_room(tmp_path: Path):
    """Once it is there it needs no more room, whatever it says."""
    said = Condition(tmp_path)
    said.say({"journal_errors": 0}, NOW)
    size = (tmp_path / NAME).stat().st_size
    said.say({"journal_errors": 1e9, "vault_errors": 1e9, "policy_degraded": 1.0, "worker_restarts": 1e9}, NOW)
    said.close()
    assert (tmp_path / NAME).stat().st_size == size
