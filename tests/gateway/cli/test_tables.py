"""Tables of labelled data."""

from pathlib import Path

import pytest

from gateway.cli.scan import UsageError
from gateway.cli.tables import rows


def test_rows(tmp_path: Path):
    """One object a line, by the names of the first."""
    path = tmp_path / "data.csv"
    path.write_text('a,b\n1,"x,y"\n')
    assert rows(path, ("a", "b")) == [{"a": "1", "b": "x,y"}]


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"a\n1\n", b"a,b\n1\n", b"a,b\n\xff,1\n"])
def test_what_is_no_table(tmp_path: Path, content: bytes):
    """Nothing, no rows, a column that is missing, a row that is short, bytes that are no text: each is said with the file's name."""
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"data\.csv: not"):
        rows(path, ("a", "b"))


def test_no_file(tmp_path: Path):
    """So is a file that is not there."""
    with pytest.raises(UsageError, match="No such file"):
        rows(tmp_path / "none.csv", ("a",))
