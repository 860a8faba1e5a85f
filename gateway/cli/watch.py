"""``oddgate watch``: keep what the journal says where people can look at it, beside the gateway or alone."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from gateway.cli.serve import calm_collector, settings_file
from gateway.cli.telemetry import begin
from gateway.settings import load_config
from gateway.telemetry.logs import set_up
from policies.problems import ProblemsError


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "keep what the journal says in the store; serve starts one by itself"
    parser = subparsers.add_parser("watch", help=text, description=text)
    parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
    parser.add_argument("--attached", action="store_true", help=argparse.SUPPRESS)  # ends when standard input does
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    set_up()
    from gateway.watcher import watch

    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    if args.attached:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which ends the watch after its last record
        threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    try:
        config = load_config(settings_file(args.config), dict(os.environ))
        begin(config, "watch", os.environ)
        calm_collector()
        watch(config, stop, is_beside=args.attached)
    except ProblemsError as error:
        print(error, file=sys.stderr)
        return 2
    except (OSError, RuntimeError, ValueError) as error:
        print(f"oddgate watch cannot go on: {error}", file=sys.stderr)
        return 1
    return 0


def _wait_for_end(stop: threading.Event) -> None:
    while sys.stdin.buffer.read(1):
        pass
    stop.set()
