"""Where the files of a journal end."""

from pathlib import Path

import pytest

from gateway.telemetry.chain import START, End, chain_key, seal
from gateway.telemetry.ends import ends_of

ONE, FIRST = seal(chain_key(bytes(32)), START, b'{"a":1}')
LONG, SECOND = seal(chain_key(bytes(32)), FIRST, b'{"a":"' + b"x" * 50_000 + b'"}')


@pytest.mark.parametrize(
    ("content", "link"),
    [
        (b"", None),
        (b"torn", None),
        (b"{}\n", None),
        (ONE, FIRST),
        (ONE + b"torn" * 5000, FIRST),
        (ONE + LONG, SECOND),
        (LONG, SECOND),
        (ONE + LONG + ONE[:-1], SECOND),
    ],
)
def test_the_last_whole_line(tmp_path: Path, content: bytes, link: object):
    """It is found however long it is, and whatever is torn off behind it."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    assert ends_of([path]) == ([End("a.jsonl", link)] if link else [])


def test_a_segment_that_is_gone(tmp_path: Path):
    """It has no end."""
    assert ends_of([tmp_path / "none.jsonl"]) == []
