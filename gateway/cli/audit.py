"""``oddgate audit``: whether the journal is what the gateway wrote.

``verify`` holds every line to its chain and names what was removed, changed, inserted or moved since; with a checkpoint that was kept
elsewhere, also what was cut off at the end. Exit code 1: something was found.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from gateway.cli.policy.shown import FOUND, GOOD, USAGE, counted, print_json, visible
from gateway.cli.serve import settings_file
from gateway.keyfile import known_key
from gateway.proxy.keeping import replace_file
from gateway.settings import load_config
from gateway.telemetry.auditing import read_journal
from gateway.telemetry.chain import End
from gateway.telemetry.checkpoints import NEWEST, ends_in, read_newest
from gateway.telemetry.folder_audit import Audited
from gateway.telemetry.segment_audit import Fault
from gateway.telemetry.signing import Signer
from policies.problems import ProblemsError

_PROGRESS_S = 5.0
_MODE = 0o644
"""Anybody may read a checkpoint: it has hashes, names of segments and times."""


class _UsageError(Exception):
    pass


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "whether the journal is what the gateway wrote; signed checkpoints of it"
    audit = subparsers.add_parser("audit", help=text, description=__doc__)
    commands = audit.add_subparsers(required=True, metavar="COMMAND")
    verify = _command(commands, "verify", "hold every line of the journal to its chain; exit 1 if anything was tampered with")
    verify.add_argument("--checkpoint", type=Path, metavar="FILE", help="one that was kept elsewhere: nothing up to it may be missing")
    verify.add_argument("--json", action="store_true", help="one JSON object")
    verify.set_defaults(act=_verify)
    checkpoint = _command(commands, "checkpoint", "print the journal's newest signed checkpoint")
    checkpoint.add_argument("--out", type=Path, metavar="FILE", help="write it there instead")
    checkpoint.set_defaults(act=_checkpoint)
    key = _command(commands, "key", "print the public key of checkpoints (Ed25519, PEM)")
    key.set_defaults(act=_key)


def _command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, help="settings (default: oddgate.yaml, if there is one)")
    parser.add_argument("--journal", type=Path, metavar="DIR", help="default: that of the settings")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    try:
        config = load_config(settings_file(args.config), dict(os.environ))
        args.journal = args.journal or config.journal.dir
        code: int = args.act(args, known_key(config))
    except (ProblemsError, _UsageError, OSError) as error:
        print(f"oddgate audit: {error}", file=sys.stderr)
        return USAGE
    return code


def _verify(args: argparse.Namespace, secret: bytes) -> int:
    known, faults = _given(args.checkpoint, secret) if args.checkpoint else ([], [])
    if not args.journal.is_dir():
        raise _UsageError(f"there is no journal in {args.journal}")
    audited = read_journal(args.journal, secret, _Progress()).report(known)
    faults += audited.faults
    if args.json:
        print_json({**asdict(audited), "journal": str(args.journal), "faults": [fault._asdict() for fault in faults]})
    else:
        print("\n".join(visible(line) for line in _lines(args.journal, audited, faults)))
    return FOUND if faults else GOOD


class _Progress:
    """Of work that takes long."""

    def __init__(self) -> None:
        self._last = monotonic()

    def __call__(self, read: int, listed: int) -> None:
        if monotonic() - self._last >= _PROGRESS_S:
            self._last = monotonic()
            print(f"oddgate audit: {read} of {listed} segments", file=sys.stderr)


def _given(path: Path, secret: bytes) -> tuple[list[End], list[Fault]]:
    try:
        said = json.loads(path.read_bytes())
    except ValueError:
        raise _UsageError(f"{path}: this is not JSON") from None
    try:
        return ends_in(said, Signer(secret)), []
    except ValueError as error:
        return [], [Fault("signature", str(path), 0, "", str(error))]


def _lines(journal: Path, audited: Audited, faults: list[Fault]) -> list[str]:
    numbers = (counted(audited.segments, "segment"), counted(audited.records, "record"), counted(audited.checkpoints, "checkpoint"))
    lines = [f"journal     {journal}: {', '.join(numbers)}"]
    if audited.pruned_through:
        lines.append(f"pruned      by the journal itself, up to {audited.pruned_through}")
    nothing = "there was nothing before it, which cannot be told from all of it having been taken away"
    lines += [f"began       {name}: {nothing}" for name in audited.began_with_nothing]
    for writer in audited.writers:
        torn = ", its last line torn" if writer.is_torn else ""
        what = f"broken off{torn}: it was killed, or the end was cut off" if writer.state == "broken off" else writer.state
        lines.append(f"writer      {writer.name}: {what}; {writer.segment}:{writer.line}")
    lines += [f"{fault.what:<12}{_place(fault)}: {fault.why}" for fault in faults]
    if audited.more_faults:
        lines.append(f"            and {audited.more_faults} more")
    return [*lines, "found       nothing" if not faults else f"found       {counted(len(faults) + audited.more_faults, 'fault')}"]


def _place(fault: Fault) -> str:
    line = f":{fault.line}" if fault.line else ""
    return f"{fault.segment}{line}{f' {fault.request_id}' if fault.request_id else ''}"


def _checkpoint(args: argparse.Namespace, secret: bytes) -> int:
    try:
        found = read_newest(args.journal, Signer(secret))
    except ValueError as error:
        print(f"oddgate audit: {args.journal / NEWEST}: {error}", file=sys.stderr)
        return FOUND
    if found is None:
        print(f"oddgate audit: there is no checkpoint in {args.journal}", file=sys.stderr)
        return FOUND
    said = json.dumps(found, indent=2) + "\n"
    if args.out:
        replace_file(args.out, said.encode(), mode=_MODE)
    else:
        print(said, end="")
    return GOOD


def _key(args: argparse.Namespace, secret: bytes) -> int:
    del args
    print(Signer(secret).public_pem(), end="")
    return GOOD
