"""The store behind a URL."""

from pathlib import Path

import pytest

from gateway.storage import opening
from gateway.storage.opening import open_store, reader_name
from gateway.telemetry.journal import segment_files
from gateway.watch.store import StoreError


def test_a_file(tmp_path: Path):
    """Relative to where the gateway was started, or from the root."""
    open_store(f"sqlite:///{tmp_path}/a.db", tmp_path, 30).close()
    assert (tmp_path / "a.db").exists()


@pytest.mark.parametrize("kind", ["postgresql", "clickhouse", "clickhouses"])
def test_a_server(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch):
    """It hears which journal it is about, so that several can be kept in one database."""
    asked = []
    name = "open_postgres" if kind == "postgresql" else "open_clickhouse"
    monkeypatch.setattr(opening, name, lambda *given, **options: asked.append((given, options)))
    for journal in ("one", "other"):
        open_store(f"{kind}://me@host/db", tmp_path / journal, 30)
    (first, options), (second, _) = asked
    assert (first[0], first[2], options) == (f"{kind}://me@host/db", 30, {"read_only": False})
    assert first[1] != second[1]


def test_who_only_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It reads no journal, and leaves nothing in its folder."""
    monkeypatch.setattr(opening, "open_postgres", lambda *given, **options: None)
    open_store("postgresql://me@host/db", tmp_path, 30, read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_name(tmp_path: Path):
    """It is the folder's own, for its owner alone, goes with it wherever it is moved, and is no part of the journal."""
    name = reader_name(tmp_path / "one")
    assert (tmp_path / "one" / "reader.id").stat().st_mode & 0o777 == 0o600
    assert segment_files(tmp_path / "one") == []
    (tmp_path / "one").rename(tmp_path / "moved")
    assert reader_name(tmp_path / "moved") == name
    assert reader_name(tmp_path / "one") != name
    assert [path.name for path in (tmp_path / "moved").iterdir()] == ["reader.id"]


@pytest.mark.parametrize("content", ["", "x" * 32, "0" * 33])
def test_a_name_that_is_damaged(tmp_path: Path, content: str):
    """It is an error of the store's, and so is a folder that cannot be written to."""
    (tmp_path / "reader.id").write_text(content)
    with pytest.raises(StoreError, match=r"reader\.id"):
        reader_name(tmp_path)
    with pytest.raises(StoreError):
        reader_name(tmp_path / "reader.id")
