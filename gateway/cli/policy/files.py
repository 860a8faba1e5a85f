"""The policies that a command is about: those named, by file or folder, loaded as the gateway would."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from detectors.registry import Catalog
from gateway.cli.policy.shown import USAGE
from policies.load import LoadedPolicy, PolicyError, astray, library, load_dir, load_policy, policy_files
from policies.problems import Problem

_CASES = ".cases.yaml"


def add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="policies or folders of them; default: ./policies, else the library"
    )


def default_path() -> Path:
    """``./policies`` where it holds any, else the library that comes with the package."""
    here = Path("policies")
    return here if here.is_dir() and policy_files(here) else library()


def absent(paths: Sequence[Path]) -> int | None:
    missing = [path for path in paths if not path.exists()]
    for path in missing:
        print(f"oddgate policy: there is no file or folder {path}", file=sys.stderr)
    return USAGE if missing else None


def policy_of(path: Path) -> Path:
    """A case file stands for its policy."""
    return path.with_name(path.name.removesuffix(_CASES) + ".yaml") if path.name.endswith(_CASES) else path


def load_all(paths: Sequence[Path]) -> tuple[list[LoadedPolicy], list[Problem]]:
    loaded: list[LoadedPolicy] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found = _folder(path) if path.is_dir() else _alone(path)
            loaded += found
            if not found:
                problems.append(Problem(str(path), 0, "", "no policies (*.yaml) here"))
        except PolicyError as error:
            problems += error.problems
    return loaded, problems


def _folder(path: Path) -> list[LoadedPolicy]:
    return list(load_dir(path, Catalog()).values())


def _alone(path: Path) -> list[LoadedPolicy]:
    loaded = load_policy(policy_of(path), Catalog())
    problems = astray(loaded, Catalog())
    if problems:
        raise PolicyError(problems)
    return [loaded]
