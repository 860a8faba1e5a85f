"""What a worker is born with."""

import asyncio
import pickle
import socket
from pathlib import Path

import pytest

from gateway.settings import load_config
from gateway.workers.born import Setup, parent
from gateway.workers.link import send

SETTINGS = """
upstreams: [{name: a, base_url: 'https://x.example/v1/v1', api_key: 'file:key', headers: {x-a: b}}]
routes: [{to: [a], models: ['gpt-*']}]
apps: [{name: shop, key: 'env:KEY', policy: default}]
surfaces: [{name: gen, path: '/v1/gen/{id}', model: $.model, request: {user: [$.inputs]}, answer: {output: [$.text]}}]
secret_key: env:SECRET
"""


def test_settings_go_on_as_they_were_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever has become of the file, its secrets and the environment since; nothing is read twice."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oddgate.yaml").write_text(SETTINGS)
    (tmp_path / "key").write_text("env:KEY")
    config = load_config(tmp_path / "oddgate.yaml", {"KEY": "file:key", "SECRET": "env:NONE"})
    for path in tmp_path.iterdir():
        path.unlink()
    born = pickle.loads(Setup(3, config, (7, 8)).as_bytes())
    assert born == Setup(3, config, (7, 8))
    assert born.config.secret_key.get_secret_value() == "env:NONE"
    assert (born.config.upstreams[0].base_url, born.config.apps[0].key.get_secret_value()) == ("https://x.example/v1", "file:key")


@pytest.mark.parametrize("said", [None, b"", pickle.dumps("something else")], ids=["nothing", "an empty frame", "something else"])
async def test_a_parent_that_is_gone(said: bytes | None):
    """There is nothing to begin with."""
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_unix_connection(sock=ours)
    over = await parent(theirs.detach())
    if said is not None:
        send(writer, said)
    writer.close()
    assert await over.setup() is None
    await over.serve({})
    over._writer.close()
