"""The real gateway as a process of its own, with settings made for one test, and nothing of it left behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.processes import free_port

_PROJECT = Path(__file__).parent.parent.parent
_CACHE = _PROJECT / "var" / "cache"
"""Compiled patterns, as a gateway that is started in the project's folder keeps them: to compile them takes most of a start."""

_START_S = 120
_STOP_S = 60


@dataclass(frozen=True, slots=True)
class Gateway:
    port: int
    admin_port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def policies(self) -> Path:
        return self.folder / "policies"

    @property
    def output(self) -> str:
        return (self.folder / "output.log").read_text(errors="replace")

    def journal_text(self) -> str:
        return "".join(segment.read_text() for segment in sorted((self.folder / "journal").glob("*.jsonl")))

    def records(self) -> dict[str, dict]:
        """The journal's records by their request id; what people said of exchanges is not among them."""
        records = [json.loads(line) for line in self.journal_text().splitlines()]
        return {record["request_id"]: record for record in records if "kind" not in record}

    def admin(self, path: str, body: object = None) -> tuple[int, str]:
        """Status and text; what is no success is ``(0, "")``. A body is sent as JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}", data, headers)
        with suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
        return 0, ""

    def kill(self) -> None:
        """As the system's out-of-memory killer would: no last word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(_STOP_S)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def running_gateway(
    folder: Path, upstreams: Mapping[str, object], *, policies: Mapping[str, str] | None = None, **settings: object
) -> Iterator[Gateway]:
    """The gateway while the block runs.

    ``upstreams`` maps a glob of models to a base URL, or to the settings of an upstream. ``policies`` are texts by name, of which the first
    is the default; without them the policies that come with the package are used.
    """
    config = _config(folder, upstreams, policies or {}, settings)
    (folder / "oddgate.yaml").write_text(json.dumps(config, indent=1))  # JSON is YAML
    with running_again(folder) as gateway:
        yield gateway


@contextmanager
def running_again(folder: Path) -> Iterator[Gateway]:
    """The gateway with the settings, policies and whatever else an earlier one has left in its folder."""
    gateway = start(folder)
    try:
        _wait_until_ready(gateway)
        yield gateway
    finally:
        _stop(gateway.process)


def start(folder: Path) -> Gateway:
    """One that need not come to be ready. Whoever starts it waits for its end."""
    port, admin_port = free_port(), free_port()
    command = [sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(folder / "oddgate.yaml")]
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--admin-port", str(admin_port)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder, env=_environment(),
        )  # fmt: skip
    return Gateway(port, admin_port, folder, process)


def _config(folder: Path, upstreams: Mapping[str, object], policies: Mapping[str, str], settings: Mapping[str, object]) -> dict:
    config: dict[str, object] = {
        "upstreams": [
            {"name": f"upstream{number}", "models": [models], **(each if isinstance(each, Mapping) else {"base_url": each})}
            for number, (models, each) in enumerate(upstreams.items())
        ],
        "journal": {"dir": str(folder / "journal")},
        "detectors": {"pii": {"cache_dir": str(_CACHE)}},
    }
    if policies:
        (folder / "policies").mkdir()
        for name, text in policies.items():
            (folder / "policies" / f"{name}.yaml").write_text(text)
        config["policies"] = {"dir": str(folder / "policies"), "default": next(iter(policies))}
    return config | settings | {"detectors": {**config["detectors"], **settings.get("detectors", {})}}


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ODDGATE_")}
    return kept | {"PYTHONPATH": str(_PROJECT)}


def _wait_until_ready(gateway: Gateway) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and gateway.process.poll() is None:
        with suppress(OSError):
            if gateway.admin("/readyz")[0] == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the gateway did not become ready:\n{gateway.output[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_S)
            raise
