"""``oddgate serve`` and ``oddgate demo``: run the gateway until it is told to stop."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from gateway.addresses import Addresses
from gateway.cli.banner import banner
from gateway.cli.telemetry import begin
from gateway.config import Config
from gateway.settings import load_config
from gateway.telemetry.logs import set_up
from policies.problems import ProblemsError


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, text in (("serve", "run the gateway"), ("demo", "run the gateway with the embedded demo upstream")):
        parser = subparsers.add_parser(name, help=text, description=text)
        parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
        parser.add_argument("--policies", type=Path, metavar="DIR", help="folder of policies (default: those of the package)")
        parser.add_argument("--host")
        parser.add_argument("--port", type=int)
        parser.add_argument("--admin-port", type=int)
        parser.add_argument("--workers", type=int, help="processes that serve (default: 1)")
        parser.add_argument("--link", type=int, help=argparse.SUPPRESS)  # one of several workers, as their supervisor starts it
        parser.set_defaults(run=run, is_demo=name == "demo")


def run(args: argparse.Namespace) -> int:
    set_up()
    try:
        if args.link is not None:
            return _run_fast(_work(args.link))
        config = settings(args, dict(os.environ))
        begin(config, "gateway", os.environ)
        watch = watch_command(args.config)
        return asyncio.run(_serve(config, watch)) if sys.platform == "win32" else _run_fast(_serve(config, watch))
    except ProblemsError as error:
        print(error, file=sys.stderr)
        return 2
    except (OSError, RuntimeError, ValueError) as error:
        print(f"oddgate cannot start: {error}", file=sys.stderr)
        return 1


def settings(args: argparse.Namespace, env: dict[str, str]) -> Config:
    """File, environment, then the command line over both."""
    named = {"HOST": args.host, "PORT": args.port, "ADMIN_PORT": args.admin_port, "WORKERS": args.workers}
    over = {f"ODDGATE_LISTEN__{key}": str(value) for key, value in named.items() if value is not None}
    if args.policies:
        over["ODDGATE_POLICIES__DIR"] = str(args.policies)
    config = load_config(settings_file(args.config), env | over)
    return config.model_copy(update={"upstreams": (), "routes": ()}) if args.is_demo else config


def settings_file(given: Path | None) -> Path | None:
    default = Path("oddgate.yaml")
    return given or (default if default.exists() else None)


def watch_command(config: Path | None) -> list[str]:
    """Runs a watch with the same settings, as far as they are its own: those of the command line are not."""
    named = ["--config", str(config)] if config else []
    return [sys.executable, "-m", "gateway.cli.main", "watch", "--attached", *named]


def worker_command() -> list[str]:
    """Runs one of several workers, with the settings that it is given by its link."""
    return [sys.executable, "-m", "gateway.cli.main", "serve", "--link"]


def _run_fast(serving: Coroutine[Any, Any, int]) -> int:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serving)


def calm_collector() -> None:
    """What is loaded by now stays: the garbage collector need not look through it again and again, nor run at every exchange."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _serve(config: Config, watch: Sequence[str]) -> int:
    stop = asyncio.Event()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
    async with _running(config, watch) as addresses:
        calm_collector()
        print(banner(config, addresses), flush=True)
        await stop.wait()
        logging.getLogger("oddgate").info("stopping: exchanges under way have %g s to end", config.listen.drain_timeout_s)
    return 0


def _running(config: Config, watch: Sequence[str]) -> AbstractAsyncContextManager[Addresses]:
    if config.listen.workers == 1:
        from gateway.app import running

        return running(config, watch)
    from gateway.supervisor import supervising

    return supervising(config, worker_command(), watch)


async def _work(link: int) -> int:
    """One of several workers, until it is told to stop or the process over it is gone."""
    from gateway.app import working
    from gateway.workers.born import parent

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor, which ends its workers
    over = await parent(link)
    setup = await over.setup()
    if setup is None:
        return 1
    begin(setup.config, "gateway", os.environ)
    async with working(setup) as answers, asyncio.TaskGroup() as tasks:
        calm_collector()
        answering = tasks.create_task(over.serve(answers.by_name()), name="link")
        answering.add_done_callback(lambda _: stop.set())
        await stop.wait()
        answering.cancel()
    return 0
