"""``oddgate incident export``: what an incident teaches, so that the next one like it is decided better.

``labels``: what you say of its exchanges goes to the gateway, as an application's feedback or a reviewer's word does, and counts in the
next ``oddgate calibrate``. ``cases``: its exchanges, as far as their texts are kept redacted, as a ``*.cases.yaml``. ``calibration``: its
records and the labels as a folder for ``oddgate calibrate --journal``.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from gateway.addresses import http_url
from gateway.cli.admin_client import AdminClient, AdminError, part, reachable
from gateway.config import Config
from gateway.incidents.cases import DECISIONS, LABELS, cases, is_of_a_rule, lines
from gateway.proxy.keeping import replace_file
from policies.verdict import Decision

Json = dict[str, Any]

_MISSED = (404, 400)
_MODE = 0o644


class ExportError(Exception):
    """It cannot be exported so."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id")
    parser.add_argument("--as", dest="form", choices=("labels", "cases", "calibration"), required=True)
    parser.add_argument("--label", choices=LABELS, required=True, help="what its exchanges are, in truth")
    parser.add_argument("--expect", choices=[each.value for each in Decision], help="of cases: the right decision (default: by the label)")
    parser.add_argument("--out", type=Path, help="of cases: the file; of calibration: the folder")
    parser.add_argument("--data", metavar="URL", help="of labels: the data side of the gateway (default: that of the settings)")


def export(args: argparse.Namespace, client: AdminClient, config: Config) -> int:
    """1: there was nothing to export. Raises ``AdminError`` and ``ExportError``."""
    found = client.get(f"/api/v1/incidents/{part(args.id)}")
    records, gone = _records(client, found["evidence"])
    work = {"labels": _labels, "cases": _cases, "calibration": _calibration}[args.form]
    number, where = work(args, client, config, records)
    said = {"incident": found["id"], "exchanges": len(found["evidence"]), "gone": gone, "exported": number, "as": args.form, "to": where}
    print(json.dumps(said, indent=2) if args.json else _line(said))
    return 0 if number else 1


def _records(client: AdminClient, ids: list[str]) -> tuple[list[Json], int]:
    """And how many are kept no more."""
    found: list[Json] = []
    for each in ids:
        try:
            found.append(client.get(f"/api/v1/exchanges/{part(each)}"))
        except AdminError as error:
            if error.status != 404:
                raise
    return found, len(ids) - len(found)


def _labels(args: argparse.Namespace, client: AdminClient, config: Config, records: list[Json]) -> tuple[int, str]:
    listen = config.listen
    base = args.data or http_url(reachable(listen.host), listen.port)
    keys = {app.name: app.key.get_secret_value() for app in config.apps}
    taken = 0
    for record in records:
        app, request_id = record.get("app") or "", record["request_id"]
        try:
            if is_of_a_rule(args.label):
                client.send("POST", f"/api/v1/review/{part(request_id)}", {"label": args.label})
            else:
                said = {"request_id": request_id, "label": args.label}
                AdminClient(base, keys.get(app)).send("POST", "/v1/feedback", said, {"x-oddgate-app": app} if app and not keys else {})
            taken += 1
        except AdminError as error:
            if error.status not in _MISSED:
                raise
            print(f"{request_id}: {error}", file=sys.stderr)
    return taken, "the journal"


def _cases(args: argparse.Namespace, _: AdminClient, __: Config, records: list[Json]) -> tuple[int, str]:
    decision = args.expect or DECISIONS.get(args.label)
    if decision is None:
        raise ExportError(f"what is {args.label} is no decision of a policy: say --expect, or another label")
    made = list(cases(args.id, records, decision))
    if not made and records:
        raise ExportError("cases need texts, and of its exchanges none are kept (store.keep_text: redacted), or rules took all out of them")
    out = args.out or Path(f"{args.id}.cases.yaml")
    if made:
        head = f"# {args.id}, as {args.label}. Put these beside the policy that they are for; look at each before you do.\n\n"
        _write(out, head + yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=140))
    return len(made), str(out)


def _calibration(args: argparse.Namespace, _: AdminClient, __: Config, records: list[Json]) -> tuple[int, str]:
    out = args.out or Path(f"{args.id}.journal")
    if records:
        now = time.time()  # noqa: TID251 a command is a part of the shell
        told = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines(records, args.label, now))
        _write(out / f"{args.id}.jsonl", told)
    return len(records), str(out)


def _write(path: Path, text: str) -> None:
    try:
        replace_file(path, text.encode(), mode=_MODE)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}") from None


def _line(said: Json) -> str:
    gone = f", {said['gone']} kept no more" if said["gone"] else ""
    return f"{said['incident']}: {said['exported']} of {said['exchanges']} exchanges as {said['as']}, to {said['to']}{gone}"
