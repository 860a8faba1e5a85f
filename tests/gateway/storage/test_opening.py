"""The store behind a URL."""

from pathlib import Path

import pytest

from gateway.storage import opening
from gateway.storage.opening import open_store


def test_a_file(tmp_path: Path):
    """Relative to where the gateway was started, or from the root."""
    open_store(f"sqlite:///{tmp_path}/a.db", tmp_path, 30).close()
    assert (tmp_path / "a.db").exists()


def test_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It hears which journal it is about, so that several can be kept in one database."""
    asked = []
    monkeypatch.setattr(opening, "open_postgres", lambda *given, **options: asked.append((given, options)))
    for journal in ("one", "other"):
        open_store("postgresql://me@host/db", tmp_path / journal, 30, read_only=True)
    (first, options), (second, _) = asked
    assert (first[0], first[2], options) == ("postgresql://me@host/db", 30, {"read_only": True})
    assert first[1] != second[1]
