"""Files that are replaced whole or not at all."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.proxy import keeping as module
from gateway.proxy.keeping import made_once, read_file, replace_file, signed, unsigned


def test_what_is_kept_is_read_again(tmp_path: Path):
    """The last content, for its owner's eyes only, in a folder that is made; nothing else is left there."""
    path = tmp_path / "var" / "kept"
    for content in (b"one", b"", b"three"):
        replace_file(path, content)
        assert read_file(path, 100) == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_made_once(tmp_path: Path):
    """Whoever makes it at the same time, all have the same, whole; nothing else is left there, and it stays as it is."""
    path = tmp_path / "var" / "made"
    with ThreadPoolExecutor(8) as threads:
        contents = set(threads.map(lambda number: made_once(path, lambda: b"%d" % number * 1000), range(64)))
    assert len(contents) == 1
    assert made_once(path, lambda: b"another") in contents
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_nothing_kept(tmp_path: Path):
    """What is not there is nothing; what is too large, or no file, is an error."""
    assert read_file(tmp_path / "none", 10) is None
    replace_file(tmp_path / "large", b"x" * 11)
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_file(tmp_path / "large", 10)
    with pytest.raises(OSError, match="directory"):
        read_file(tmp_path, 10)


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The content before stays, and nothing half written beside it."""

    def fail(_: int) -> None:
        raise OSError("no space")

    replace_file(tmp_path / "kept", b"before")
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", fail)
        with pytest.raises(OSError, match="no space"):
            replace_file(tmp_path / "kept", b"after")
    assert (tmp_path / "kept").read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["kept"]


def test_what_another_left_half_written(tmp_path: Path):
    """A file that a killed process of the same number left beside, or somebody else's link, is not written through."""
    other = tmp_path / "other"
    other.write_text("theirs")
    (tmp_path / f".kept.{os.getpid()}.new").symlink_to(other)
    replace_file(tmp_path / "kept", b"ours")
    assert (read_file(tmp_path / "kept", 10), other.read_text()) == (b"ours", "theirs")


def test_a_file_for_others(tmp_path: Path):
    """Who may read a file can be said, and a file that was there keeps no rights of before."""
    replace_file(tmp_path / "kept", b"before")
    umask = os.umask(0o027)
    try:
        replace_file(tmp_path / "kept", b"after", mode=0o666)
    finally:
        os.umask(umask)
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("body", [b"", b"x", b"a\nb\n"])
def test_what_is_signed(body: bytes):
    """It is taken with the same key for the same purpose alone, and with not a byte changed."""
    content = signed(body, b"key", b"p")
    assert unsigned(content, b"key", b"p") == body
    for other in ((content, b"yek", b"p"), (content, b"key", b"q"), (content + b"x", b"key", b"p"), (b"x" + content, b"key", b"p")):
        assert unsigned(*other) is None
    assert unsigned(body, b"key", b"p") is None
