"""The newest checkpoint, beside the segments."""

import json
from pathlib import Path

import pytest

from gateway.telemetry.chain import End, Link
from gateway.telemetry.checkpoints import NEWEST, ends_in, keep_newest, read_newest
from gateway.telemetry.signing import Signer

SIGNER = Signer(bytes(32))
ENDS = [End("b.jsonl", Link(9, "0" * 32)), End("a.jsonl", Link(3, "1" * 32))]
WORD = SIGNER.signed({"v": 1, "kind": "checkpoint", **ENDS[0].as_json(), "heads": [ENDS[1].as_json()]})


def test_it_is_kept(tmp_path: Path):
    """For its owner alone; a newer one replaces it, and nothing else stays behind."""
    assert read_newest(tmp_path, SIGNER) is None
    keep_newest(tmp_path, {"older": 1})
    keep_newest(tmp_path, WORD)
    assert read_newest(tmp_path, SIGNER) == WORD
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [(NEWEST, 0o600)]


def test_it_cannot_be_kept(tmp_path: Path):
    """That is an error, and the older one stays."""
    (tmp_path / NEWEST).mkdir()
    with pytest.raises(OSError):
        keep_newest(tmp_path, WORD)
    assert [path.name for path in tmp_path.iterdir()] == [NEWEST]


def test_how_far_chains_were():
    """The writer's own, and those that it knew of; also after a way through JSON, and with a place in the chain."""
    assert ends_in(json.loads(json.dumps({**WORD, "chain": {"n": 10}})), SIGNER) == ENDS


@pytest.mark.parametrize(
    "bad", [None, [], {}, {"kind": "segment"}, {"kind": "checkpoint"}, {**WORD, "n": 8}, SIGNER.signed({"kind": "checkpoint"})]
)
def test_no_checkpoint(tmp_path: Path, bad: object):
    """What is none is refused, also what is signed and says nothing."""
    with pytest.raises(ValueError):
        ends_in(bad, SIGNER)
    (tmp_path / NEWEST).write_text(json.dumps(bad))
    with pytest.raises(ValueError):
        read_newest(tmp_path, SIGNER)
    with pytest.raises(ValueError):
        ends_in(WORD, Signer(b"x" * 32))
