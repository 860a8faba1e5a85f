"""The gateway's key: given, or made once."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.config import Config
from gateway.keyfile import KEY_FILE, known_key, secret_key


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)


def test_the_key_file():
    """Without a key in the settings one is made, once, for its owner's eyes only."""
    first = secret_key(Config())
    assert (len(first), secret_key(Config()), known_key(Config())) == (32, first, first)
    assert KEY_FILE.stat().st_mode & 0o777 == 0o600


def test_a_key_of_the_settings():
    """It is taken, and no other is made."""
    config = Config(secret_key=SecretStr("a key that somebody chose"))
    assert (len(secret_key(config)), known_key(config)) == (32, secret_key(config))
    assert not KEY_FILE.exists()


def test_who_only_asks_makes_none():
    """Where there is no key, none can be known."""
    with pytest.raises(FileNotFoundError):
        known_key(Config())
    assert not KEY_FILE.exists()
