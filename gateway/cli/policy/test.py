"""``oddgate policy test``: the cases that stand beside policies, run with the real detectors."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from detectors.registry import DetectorError
from gateway.cli.detect import LocalScan
from gateway.cli.policy.files import absent, add_paths, default_path, load_all, policy_of
from gateway.cli.policy.forms import conforms
from gateway.cli.policy.measured import MeasureError, add_measure, measure_of
from gateway.cli.policy.shown import FOUND, GOOD, USAGE, counted, print_json, print_problems, problem_as_json, visible
from policies.load import LoadedPolicy
from policies.measures import Measure
from policies.problems import Problem, ProblemsError
from policies.rehearsal.cases import cases_beside
from policies.rehearsal.exchange import Scan
from policies.rehearsal.trials import Result, run_cases
from policies.tightening import tightened


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("test", help="run the cases that stand beside policies", description=__doc__)
    add_paths(parser)
    parser.add_argument("--config", type=Path, help="settings, for --measure (default: oddgate.yaml, if there is one)")
    add_measure(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    paths = args.paths or [default_path()]
    if (missing := absent(paths)) is not None:
        return missing
    try:
        under = _measure(args)
    except (MeasureError, ProblemsError, OSError) as error:
        print(f"oddgate policy test: {error}", file=sys.stderr)
        return USAGE
    loaded, problems = load_all([policy_of(path) for path in paths])
    scan = LocalScan()
    results: list[tuple[Path, Result]] = []
    for policy in loaded:
        try:
            results += _results(policy, scan, under)
        except ProblemsError as error:
            problems += error.problems
        except DetectorError as error:
            problems.append(Problem(str(policy.path), 0, "", f"its detectors cannot run here: {error}"))
    is_good = not problems and bool(results) and not any(result.failures for _, result in results)
    if args.json:
        print_json(
            {"ok": is_good, "cases": [_case_as_json(*result) for result in results], "problems": [problem_as_json(p) for p in problems]}
        )
    else:
        _print_results(results, problems)
    return GOOD if is_good else FOUND


def _measure(args: argparse.Namespace) -> Measure | None:
    """What is in force in every case, as if each were of the application that it is about. Raises MeasureError, ProblemsError, OSError."""
    under = measure_of(args.measure, args.measure_app, args.config)
    if under and under.do.kind == "quarantine":
        raise MeasureError("in quarantine nothing is decided by a policy")
    return under


def _results(policy: LoadedPolicy, scan: Scan, under: Measure | None) -> list[tuple[Path, Result]]:
    path = cases_beside(policy.path)
    stricter, _ = tightened(policy.policy, [under] if under else [])
    return [(path, result) for result in run_cases(path, stricter, scan, conforms)] if path.exists() else []


def _print_results(results: Sequence[tuple[Path, Result]], problems: Sequence[Problem]) -> None:
    for path, result in results:
        for failure in result.failures:
            print(visible(f"{path}:{result.line}: {result.case}: {failure}"))
    print_problems(problems)
    failed = sum(bool(result.failures) for _, result in results)
    if not results:
        print("no cases were found: nothing was tested")
    else:
        print(f"{counted(len(results), 'case')}: {len(results) - failed} passed, {failed} failed")


def _case_as_json(path: Path, result: Result) -> dict[str, object]:
    return {"file": str(path), "line": result.line, "name": result.case, "ok": not result.failures, "failures": list(result.failures)}
