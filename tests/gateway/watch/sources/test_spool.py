"""Reading what was put by: on from where it was, and past what cannot be read."""

from pathlib import Path

from gateway.telemetry.observed import LogSeen, to_line
from gateway.watch.sources import spool
from gateway.watch.sources.spool import SpoolReader, parse_offsets, render_offsets


def line(number: int) -> bytes:
    return to_line(LogSeen(float(number), "a", 9, f"line {number}", ""))


def test_on_from_where_it_was(tmp_path: Path):
    """What was read before its place was kept does not come again; what is torn comes once it is whole."""
    (tmp_path / "1.jsonl").write_bytes(line(1) + line(2)[:-5])
    seen: list[float] = []
    reader = SpoolReader(tmp_path, {}, lambda each: seen.append(each.ts))
    assert reader.step() is False
    kept = parse_offsets(render_offsets(reader.offsets))
    (tmp_path / "1.jsonl").write_bytes(line(1) + line(2) + line(3))
    again = SpoolReader(tmp_path, kept, lambda each: seen.append(each.ts))
    again.step()
    assert seen == [1, 2, 3]
    assert again.figures() == {"received_lag_bytes": 0, "received_missed_bytes": 0, "received_unreadable": 0}


def test_what_cannot_be_read(tmp_path: Path):
    """It is counted, and what follows is read."""
    (tmp_path / "1.jsonl").write_bytes(b"\xff\xfe\n{}\n" + line(3))
    seen: list[float] = []
    reader = SpoolReader(tmp_path, {}, lambda each: seen.append(each.ts))
    reader.step()
    assert (seen, reader.figures()["received_unreadable"], reader.lines) == ([3], 2, 1)


def test_a_batch_at_a_time(tmp_path: Path, monkeypatch):
    """It stops after so much, and says that there may be more."""
    monkeypatch.setattr(spool, "BATCH_BYTES", 50)
    (tmp_path / "1.jsonl").write_bytes(b"".join(line(number) for number in range(4)))
    seen: list[float] = []
    reader = SpoolReader(tmp_path, {}, lambda each: seen.append(each.ts))
    assert reader.step() is True
    assert 0 < len(seen) < 4
    while reader.step():
        pass
    assert seen == [0, 1, 2, 3]


def test_what_was_removed(tmp_path: Path):
    """What went before it was read is counted in bytes."""
    (tmp_path / "1.jsonl").write_bytes(line(1))
    (tmp_path / "2.jsonl").write_bytes(line(2))
    reader = SpoolReader(tmp_path, {}, lambda each: None)
    reader.step()
    with (tmp_path / "1.jsonl").open("ab") as file:
        file.write(b"x" * 10)
    reader.step()
    (tmp_path / "1.jsonl").unlink()
    reader.step()
    assert reader.figures()["received_missed_bytes"] == 10


def test_no_folder(tmp_path: Path):
    """Nothing was received, and nothing is wrong."""
    assert SpoolReader(tmp_path / "none", {}, lambda each: None).step() is False


def test_offsets_that_are_none():
    """Then everything is read."""
    for content in (None, b"", b"{", b"[]", b'{"a": -1, "b": "2", "c": true}'):
        assert parse_offsets(content) == {}
