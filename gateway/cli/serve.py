"""``oddgate serve`` and ``oddgate demo``: run the gateway until it is told to stop."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway.config import Config
from gateway.settings import load_config
from gateway.telemetry.logs import set_up
from policies.problems import ProblemsError

_EXAMPLE = """
  oddgate is up.   data {data}   admin {admin}   policy {policy}{demo}

  Try it:
    curl -s {data}/v1/chat/completions -H 'content-type: application/json' \\
      -d '{{"model": "demo", "messages": [{{"role": "user", "content": "Write to anna.kovacs@example.com, please."}}]}}'

  From Python, with the OpenAI SDK:
    from openai import OpenAI
    client = OpenAI(base_url="{data}/v1", api_key="any")
    answer = client.chat.completions.create(model="demo", messages=[{{"role": "user", "content": "I am Anna Kovacs."}}])
    print(answer.choices[0].message.content)

  Health, metrics and policy status: {admin}/readyz  {admin}/metrics  {admin}/api/v1/policy/status
  Records, as they come:             oddgate tail
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, text in (("serve", "run the gateway"), ("demo", "run the gateway with the embedded demo upstream")):
        parser = subparsers.add_parser(name, help=text, description=text)
        parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
        parser.add_argument("--policies", type=Path, metavar="DIR", help="folder of policies (default: those of the package)")
        parser.add_argument("--host")
        parser.add_argument("--port", type=int)
        parser.add_argument("--admin-port", type=int)
        parser.add_argument("--workers", type=int)
        parser.set_defaults(run=run, is_demo=name == "demo")


def run(args: argparse.Namespace) -> int:
    set_up()
    try:
        config = settings(args, dict(os.environ))
        set_up(config.telemetry.logs)
        watch = watch_command(args.config)
        return asyncio.run(_serve(config, watch)) if sys.platform == "win32" else _run_fast(config, watch)
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


def _run_fast(config: Config, watch: Sequence[str]) -> int:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(config, watch))


def _calm_collector() -> None:
    """What is loaded by now stays: the garbage collector need not look through it again and again, nor run at every exchange."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _serve(config: Config, watch: Sequence[str]) -> int:
    from gateway.app import running

    stop = asyncio.Event()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
    async with running(config, watch) as addresses:
        _calm_collector()
        demo = f"\n  demo upstream {addresses.demo} (what it received: {addresses.demo}/demo/received)" if addresses.demo else ""
        print(_EXAMPLE.format(data=addresses.data, admin=addresses.admin, policy=config.policies.default, demo=demo), flush=True)
        await stop.wait()
        logging.getLogger("oddgate").info("stopping: exchanges under way have %g s to end", config.listen.drain_timeout_s)
    return 0
