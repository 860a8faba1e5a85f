"""What detectors found is remembered by text and detector, and no text is kept."""

import sqlite3

import pytest

from detectors.finding import Evidence, Finding
from gateway.cli.policy.remembered import Remembered

FOUND = (Finding("pii", "pii.EMAIL_ADDRESS", 3, 9, 0.85, Evidence.CHECKSUM),)


@pytest.fixture
def remembered(tmp_path):
    """Open it, and close what was opened."""
    opened = []

    def make(folder=tmp_path / "cache", **options):
        opened.append(Remembered(folder, **options))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.mark.parametrize("on_disk", [True, False])
def test_what_is_kept_is_known(remembered, on_disk):
    """For each detector what it found; nothing is remembered of other texts."""
    made = remembered() if on_disk else remembered(None)
    made.keep("one", [("text", FOUND), ("\udcff", ())])
    made.keep("two", [("text", ())])
    assert made.known("text") == {"one": FOUND, "two": ()}
    assert made.known("\udcff") == {"one": ()}
    assert made.known("other") == {}


def test_it_lasts(remembered, tmp_path):
    """Until another run; the key is for nobody else to read, and the text is not there."""
    remembered().keep("one", [("my card is 4111", FOUND)])
    assert remembered().known("my card is 4111") == {"one": FOUND}
    assert (tmp_path / "cache" / "key").stat().st_mode & 0o077 == 0
    assert all(b"4111" not in path.read_bytes() for path in (tmp_path / "cache").iterdir())


def test_it_is_bounded(tmp_path):
    """What came first is forgotten first."""
    for index in range(5):
        made = Remembered(tmp_path, max_rows=3)
        made.keep("one", [(f"text {index}", ())])
        made.close()
    made = Remembered(tmp_path)
    assert [bool(made.known(f"text {index}")) for index in range(5)] == [False, False, True, True, True]
    made.close()


def test_a_key_that_is_none(tmp_path):
    """It is said, and nothing is remembered under it."""
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(OSError, match="delete the folder"):
        Remembered(tmp_path)


def test_a_file_that_is_none(tmp_path):
    """It is an error, not a wrong answer."""
    (tmp_path / "findings.sqlite").write_bytes(b"x" * 4096)
    with pytest.raises(sqlite3.DatabaseError):
        Remembered(tmp_path)
