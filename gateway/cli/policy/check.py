"""``oddgate policy check``: policies and their cases as the gateway would load them, with every problem by file, line and key.

What is allowed and yet hardly meant is a warning, with a code in brackets: ``--strict`` makes warnings fail. ``--codes`` lists them.
"""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from detectors.registry import Catalog, DetectorError
from gateway.cli.detect import LocalScan
from gateway.cli.policy.files import absent, add_paths, default_path, load_all
from gateway.cli.policy.shown import FOUND, GOOD, counted, print_json, print_problems, problem_as_json
from policies.lint.file import lint_file
from policies.lint.remarks import CODES, Lint
from policies.load import LoadedPolicy
from policies.problems import Problem, ProblemsError
from policies.rehearsal.cases import cases_beside, load_cases


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("check", help="load policies and their cases; name every problem as file:line: key", description=__doc__)
    add_paths(parser)
    parser.add_argument("--strict", action="store_true", help="exit 1 on warnings as well")
    parser.add_argument("--codes", action="store_true", help="list the codes of warnings, and what they mean")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.codes:
        print("\n".join(f"{code:<24}{meaning}" for code, meaning in CODES.items()))
        return GOOD
    paths = args.paths or [default_path()]
    if (missing := absent(paths)) is not None:
        return missing
    loaded, problems = load_all(paths)
    warnings: list[Lint] = []
    for policy in loaded:
        problems += _case_problems(policy)
        try:
            warnings += _warnings(policy)
        except ProblemsError as error:
            problems += error.problems
    if args.json:
        _print_json(loaded, problems, warnings)
    else:
        for policy in loaded:
            print(f"{policy.path}: ok: {policy.version}, {counted(len(policy.policy.rules), 'rule')}")
        for warning in warnings:
            print(warning)
        print_problems(problems)
    return FOUND if problems or (args.strict and warnings) else GOOD


def _warnings(policy: LoadedPolicy) -> list[Lint]:
    today = datetime.now(UTC).date().isoformat()  # noqa: TID251 a command is a part of the shell
    try:
        return lint_file(policy, Catalog(), today, LocalScan())
    except DetectorError:  # its detectors are not installed here: whether they find something cannot be told
        return lint_file(policy, Catalog(), today)


def _case_problems(policy: LoadedPolicy) -> tuple[Problem, ...]:
    path = cases_beside(policy.path)
    if not path.exists():
        return ()
    try:
        load_cases(path)
    except ProblemsError as error:
        return error.problems
    return ()


def _print_json(loaded: Sequence[LoadedPolicy], problems: Sequence[Problem], warnings: Sequence[Lint]) -> None:
    print_json(
        {
            "ok": not problems,
            "policies": [_described(policy) for policy in loaded],
            "problems": [problem_as_json(problem) for problem in problems],
            "warnings": [{**problem_as_json(warning.problem), "code": warning.code} for warning in warnings],
        }
    )


def _described(loaded: LoadedPolicy) -> dict[str, object]:
    return {"file": str(loaded.path), "policy": loaded.version, "rules": [rule.id for rule in loaded.policy.rules]}
