"""``--measure``: what would be decided while a measure is in force, of the settings or of a file with its words."""

import argparse
import os
from pathlib import Path
from typing import Any

from gateway.cli.serve import settings_file
from gateway.settings import load_config
from policies.measures import Do, Measure, Quarantine, said
from policies.positions import parse, read
from policies.problems import allowed
from policies.schema import validate

_DECIDES = ("tighten", "force_redaction", "quarantine")
"""What is seen in decisions; the others change where an exchange goes, or when."""


class MeasureError(Exception):
    """The measure cannot be used here, and why."""


def add_measure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--measure", metavar="FILE|ID", help="decide as while this is in force: words as under do: in a file, or an entry of actions.allow"
    )
    parser.add_argument("--measure-app", metavar="APP", help="whom the measure is about, where it has {app}")


def measure_of(name: str | None, app: str | None, config: Path | None) -> Measure | None:
    """Raises MeasureError, ProblemsError and OSError."""
    if name is None:
        if app is not None:
            raise MeasureError("--measure-app is for --measure")
        return None
    do = _filled(_do(name, config), app)
    if do.kind not in _DECIDES or (isinstance(do.deed, Quarantine) and do.deed.app is None):
        raise MeasureError(f"{do.kind} is not seen in decisions; {allowed(do.kind, list(_DECIDES))} of an app")
    return Measure(name, name, do, 0.0, 0.0)


def _do(name: str, config: Path | None) -> Do:
    path = Path(name)
    if path.is_file():
        return validate(Do, parse(read(path), str(path)))
    entries = {entry.id: entry.do for entry in load_config(settings_file(config), dict(os.environ)).actions.allow}
    if name not in entries:
        raise MeasureError(f"there is no file {name}, and no entry of that id in actions.allow; {allowed(name, list(entries))}")
    return entries[name]


def _filled(do: Do, app: str | None) -> Do:
    words: dict[str, Any] = said(do)
    for key, value in words[do.kind].items():
        if value == "{app}":
            if app is None:
                raise MeasureError("an incident would say whose exchanges are meant; say it with --measure-app")
            words[do.kind][key] = app
    try:
        filled = Do.model_validate(words, strict=False)
    except ValueError:
        raise MeasureError("--measure-app is no name of an application") from None
    if filled.placeholders:
        raise MeasureError(f"{{{filled.placeholders[0]}}} is filled by an incident; write the measure into a file, with what is meant")
    return filled
