"""What is measured: one row a target. A command may use {port}, {admin_port}, {upstream}, {config} and {python}."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import LOAD_CORE, SERVER_CORE, Server, free_port, running

_ODDGATE = "{python} -m gateway.cli.main serve --config {config} --port {port} --admin-port {admin_port}"
_LIBRARY = Path(__file__).parent.parent / "policies" / "library"
_EMPTY_POLICY = "name: empty\ndescription: No rules, to measure what the gateway costs without its guards.\nrules: []\n"
_CONFIG = """\
policies: {{dir: {folder}/policies, default: {policy}}}
upstreams: [{{name: mock, dialect: openai, base_url: "{upstream}"}}]
"""


@dataclass(frozen=True, slots=True)
class Target:
    """``policy``: for oddgate, the library's policy (or ``empty``) that its configuration chooses; ``settings``: more lines of that."""

    name: str
    command: str
    policy: str | None = None
    settings: str = ""


DIRECT = "direct"
BARE = "bare aiohttp"
EMPTY, OBSERVE, DEFAULT = "oddgate empty", "oddgate observe", "oddgate default"

TARGETS = (
    Target(BARE, "{python} -m bench.bare_proxy --port {port} --upstream {upstream}"),
    Target(EMPTY, _ODDGATE, policy="empty"),
    Target(OBSERVE, _ODDGATE, policy="observe"),
    Target(DEFAULT, _ODDGATE, policy="default"),
)


def parse_target(text: str) -> Target:
    """``NAME=COMMAND``, for peers measured in the same run."""
    name, _, command = text.partition("=")
    return Target(name, command)


@contextmanager
def started(targets: Sequence[Target], folder: Path, *, upstream_options: Sequence[str] = ()) -> Iterator[dict[str, Server]]:
    """All servers at once, by name, the upstream as ``direct`` first. Idle ones cost nothing; so rounds can take turns."""
    with ExitStack() as stack:
        port = free_port()
        command = [sys.executable, "-m", "bench.upstream", "--port", str(port), *upstream_options]
        servers = {DIRECT: stack.enter_context(running(DIRECT, command, port, core=LOAD_CORE, log=folder / "upstream.log"))}
        for target in targets:
            servers[target.name] = stack.enter_context(_started(target, folder / target.name.replace(" ", "-"), f"http://127.0.0.1:{port}"))
        yield servers


@contextmanager
def _started(target: Target, folder: Path, upstream: str) -> Iterator[Server]:
    folder.mkdir()
    port = free_port()
    config = _write_config(target.policy, target.settings, folder, upstream) if target.policy else ""
    places = {"python": sys.executable, "port": port, "admin_port": free_port(), "upstream": upstream, "config": config}
    command = [word.format(**places) for word in shlex.split(target.command)]
    with running(target.name, command, port, core=SERVER_CORE, log=folder / "output.log") as server:
        yield server


def _write_config(policy: str, settings: str, folder: Path, upstream: str) -> Path:
    text = _EMPTY_POLICY if policy == "empty" else (_LIBRARY / f"{policy}.yaml").read_text()
    policies = folder / "policies"
    policies.mkdir()
    (policies / f"{policy}.yaml").write_text(text)
    config = folder / "oddgate.yaml"
    config.write_text(_CONFIG.format(folder=folder, policy=policy, upstream=upstream) + settings)
    return config
