"""What every process does first about what it tells of itself."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.cli.telemetry import begin
from gateway.config import Config
from gateway.config.telemetry import Telemetry
from gateway.config.watch import Watch
from gateway.telemetry.observed import LogSeen, Seen, from_line
from gateway.telemetry.own_log import OwnLog
from gateway.watch.otel import collector as otlp
from gateway.watch.otel.switches import CAPTURE
from tests.support.collector import running_collector


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.level = handlers, level


def settings(folder: Path, **telemetry: object) -> Config:
    return Config(telemetry=Telemetry(**telemetry), watch=Watch(dir=folder))


@pytest.mark.parametrize("is_asked", [True, False])
def test_its_own_log(is_asked: bool, tmp_path: Path):
    """It goes to the collector where that is asked for, and says which process it is of."""
    with running_collector() as collector:
        begin(settings(tmp_path, otlp_endpoint=collector.url, otlp_logs=is_asked), "gateway", {})
        logging.getLogger("oddgate").info("hello")
        for handler in logging.getLogger().handlers:
            handler.close()
    assert [(seen.body, seen.attributes["oddgate.part"]) for seen in collector.logs] == ([("hello", "gateway")] if is_asked else [])


@pytest.mark.parametrize("command", ["serve", "watch"])
def test_an_extra_that_is_not_there(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Neither the gateway nor a watch starts, and what is to be installed is said once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(otlp, "find_spec", lambda _: None)
    Path("oddgate.yaml").write_text(
        "telemetry: {otlp_endpoint: 'http://127.0.0.1:4318'}\nupstreams: [{name: a, base_url: 'http://127.0.0.1:1/v1'}]\n"
    )
    assert main([command]) == 1
    assert capsys.readouterr().err.count("pip install 'oddgate[otel]'") == 1
    assert not Path("var/watch.json").exists()


@pytest.mark.parametrize("command", ["serve", "watch"])
def test_a_switch_that_is_none(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """The variable is named with what is allowed, and nothing starts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CAPTURE, "everything")
    Path("oddgate.yaml").write_text(
        "telemetry: {otlp_endpoint: 'http://127.0.0.1:4318'}\nupstreams: [{name: a, base_url: 'http://127.0.0.1:1/v1'}]\n"
    )
    assert main([command]) == 1
    assert f"{CAPTURE} is not understood; allowed: NO_CONTENT, SPAN_ONLY" in capsys.readouterr().err


def test_without_a_collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is needed, and no switch is looked at."""
    monkeypatch.setattr(otlp, "find_spec", lambda _: None)
    begin(settings(tmp_path), "watch", {CAPTURE: "everything"})


def put_by(folder: Path) -> list[Seen]:
    for handler in logging.getLogger().handlers:
        handler.close()
    return [from_line(line) for path in sorted((folder / "received").glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def test_what_is_put_by(tmp_path: Path):
    """What is said from then on, for the watch, as far as it was not said in putting by."""
    begin(settings(tmp_path), "gateway", {})
    logging.getLogger("oddgate").error("it broke")
    (seen,) = put_by(tmp_path)
    assert isinstance(seen, LogSeen)
    assert (seen.source, seen.severity, seen.body) == ("oddgate", 17, "it broke")


def test_nothing_is_put_by(tmp_path: Path):
    """Where the settings leave no room for it, there is not even a folder."""
    begin(settings(tmp_path, spool_mb=0), "gateway", {})
    logging.getLogger("oddgate").error("it broke")
    assert put_by(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """It is said, and all else goes on."""
    (tmp_path / "received").write_text("in the way")
    begin(settings(tmp_path), "gateway", {})
    logging.getLogger().addHandler(caplog.handler)
    logging.getLogger("oddgate").error("it broke")
    assert [handler for handler in logging.getLogger().handlers if isinstance(handler, OwnLog)] == []
