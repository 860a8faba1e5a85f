"""``oddgate serve`` and ``oddgate demo``: settings from the file, the environment and the command line, and how it starts and stops."""

import argparse
import signal
from pathlib import Path

import pytest

from gateway.cli import serve
from gateway.cli.main import main
from gateway.cli.serve import settings
from gateway.config import Config
from gateway.settings import ConfigError
from tests.support.gateway import running_gateway


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parse(*argv: str, **env: str) -> Config:
    parser = argparse.ArgumentParser()
    serve.add_parser(parser.add_subparsers())
    return settings(parser.parse_args(argv), env)


def test_defaults():
    """Without a file, the documented addresses."""
    listen = parse("serve").listen
    assert (listen.host, listen.port, listen.admin_port) == ("127.0.0.1", 8080, 8081)


def test_who_wins(folder: Path):
    """The command line over the environment over the file."""
    (folder / "oddgate.yaml").write_text("listen: {host: 127.0.0.2, port: 1, admin_port: 2}")
    assert parse("serve").listen.port == 1
    assert parse("serve", ODDGATE_LISTEN__PORT="3").listen.port == 3
    listen = parse("serve", "--port", "4", "--host", "127.0.0.3", ODDGATE_LISTEN__PORT="3").listen
    assert (listen.host, listen.port, listen.admin_port) == ("127.0.0.3", 4, 2)
    (folder / "other.yaml").write_text("listen: {port: 5}")
    assert parse("serve", "--config", "other.yaml").listen.port == 5


def test_a_folder_of_policies():
    """As it is written, whatever it looks like."""
    for name in ("mine", "1e5", "null", "a: b"):
        assert parse("serve", "--policies", name).policies.dir == Path(name)


def test_the_demo(folder: Path):
    """It goes to no real endpoint, whatever is configured."""
    (folder / "oddgate.yaml").write_text("upstreams: [{name: a, base_url: 'https://example.org'}]\nroutes: [{to: [a]}]\nlisten: {port: 7}")
    assert [upstream.name for upstream in parse("serve").upstreams] == ["a"]
    config = parse("demo")
    assert (config.upstreams, config.routes, config.listen.port) == ((), (), 7)


def test_several_workers():
    """As many as are asked for, within bounds."""
    assert parse("serve", "--workers", "2").listen.workers == 2
    with pytest.raises(ConfigError, match=r"workers.*64"):
        parse("serve", "--workers", "65")


@pytest.mark.parametrize(
    ("text", "argv", "code", "said"),
    [
        ("listen: {prt: 1}", [], 2, r"oddgate\.yaml:1: listen\.prt"),
        ("listen: [", [], 2, r"oddgate\.yaml:\d+"),
        ("{}", ["--config", "none.yaml"], 2, r"none\.yaml"),
        ("policies: {dir: none}", [], 2, "none"),
    ],
)
def test_what_cannot_be_used(folder: Path, capsys: pytest.CaptureFixture, text: str, argv: list[str], code: int, said: str):
    """Wrong settings and policies are told with their place, without a trace."""
    import re

    (folder / "oddgate.yaml").write_text(text)
    assert main(["serve", *argv]) == code
    err = capsys.readouterr().err
    assert re.search(said, err)
    assert "Traceback" not in err


@pytest.mark.slow
def test_from_start_to_stop(folder: Path):
    """It says what to try next, and stops when it is told to, with code 0."""
    policy = "name: quick\nrules: []\n"
    with running_gateway(folder, {}, policies={"quick": policy}) as gateway:
        assert f"data {gateway.url}" in gateway.output
        assert "policy quick" in gateway.output
        assert "demo upstream http://127.0.0.1:" in gateway.output
        assert "/v1/chat/completions" in gateway.output
        gateway.process.send_signal(signal.SIGINT)
        assert gateway.process.wait(60) == 0
        assert "Traceback" not in gateway.output


@pytest.mark.slow
def test_a_port_that_is_taken(folder: Path, capsys: pytest.CaptureFixture):
    """It says that it cannot start and why, with code 1."""
    import socket

    (folder / "policies").mkdir()
    (folder / "policies" / "default.yaml").write_text("name: default\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--policies", "policies", "--port", str(port), "--admin-port", "0"]) == 1
    assert "oddgate cannot start: " in capsys.readouterr().err
