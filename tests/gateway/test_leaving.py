"""Where measures are left."""

from pathlib import Path

from gateway.config import Config
from gateway.leaving import measures_reader, measures_writer


def test_a_file_of_the_watch(tmp_path: Path):
    """What the watch leaves is what the path reads, whole; before anything was left there is nothing."""
    config = Config.model_validate({"watch": {"dir": tmp_path / "var"}}, strict=False)
    read = measures_reader(config)
    assert read() is None
    for content in (b"first", b"second"):
        measures_writer(config)(content)
        assert read() == content
    assert (tmp_path / "var" / "measures.json").stat().st_mode & 0o777 == 0o600
