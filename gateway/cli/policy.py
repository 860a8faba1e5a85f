"""``oddgate policy``: check policies as the gateway would load them, run their cases, and explain what a policy makes of a text."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from detectors.finding import Finding
from detectors.registry import Catalog, DetectorError
from gateway.cli.detect import LocalScan
from policies.cases import Result, Scan, cases_beside, edited, load_cases, review, run_cases
from policies.decide import Outcome, selects
from policies.load import LoadedPolicy, PolicyError, library, load_dir, load_policy, policy_files
from policies.policy import Policy, Rule
from policies.problems import Problem, ProblemsError
from policies.verdict import Decision
from policies.vocabulary import Scope

GOOD, FOUND, USAGE = 0, 1, 2

_CASES = ".cases.yaml"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("policy", help="check, test and explain policies", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="load policies and their cases; name every problem as file:line: key")
    test = commands.add_parser("test", help="run the cases that stand beside policies")
    for command in (check, test):
        command.add_argument(
            "paths", nargs="*", type=Path, metavar="PATH", help="policies or folders of them; default: ./policies, else the library"
        )
    explain = commands.add_parser("explain", help="which rule fires on a text, and why; exit 1 if any does")
    explain.add_argument(
        "--policy", type=Path, default=library() / "default.yaml", metavar="FILE", help="default: the library's default.yaml"
    )
    explain.add_argument(
        "--scope", default=Scope.USER, type=Scope, choices=list(Scope), metavar="SCOPE", help=f"{', '.join(Scope)}; default: user"
    )
    explain.add_argument("text", metavar="TEXT|-", help="the text, or - for standard input")
    for command, run in ((check, run_check), (test, run_test), (explain, run_explain)):
        command.add_argument("--json", action="store_true", help="one JSON object")
        command.set_defaults(run=run)


def run_check(args: argparse.Namespace) -> int:
    paths = args.paths or [default_path()]
    if (absent := _absent(paths)) is not None:
        return absent
    loaded, problems = _load_all(paths)
    for policy in loaded:
        problems += _case_problems(policy)
    if args.json:
        _print_json(
            {"ok": not problems, "policies": [_described(policy) for policy in loaded], "problems": [_as_json(p) for p in problems]}
        )
    else:
        for policy in loaded:
            print(f"{policy.path}: ok: {_version(policy)}, {_counted(len(policy.policy.rules), 'rule')}")
        _print_problems(problems)
    return FOUND if problems else GOOD


def run_test(args: argparse.Namespace) -> int:
    paths = args.paths or [default_path()]
    if (absent := _absent(paths)) is not None:
        return absent
    loaded, problems = _load_all([_policy_of(path) for path in paths])
    scan = LocalScan()
    results: list[tuple[Path, Result]] = []
    for policy in loaded:
        try:
            results += _results(policy, scan)
        except ProblemsError as error:
            problems += error.problems
        except DetectorError as error:
            problems.append(Problem(str(policy.path), 0, "", f"its detectors cannot run here: {error}"))
    is_good = not problems and bool(results) and not any(result.failures for _, result in results)
    if args.json:
        _print_json({"ok": is_good, "cases": [_case_as_json(*result) for result in results], "problems": [_as_json(p) for p in problems]})
    else:
        _print_results(results, problems)
    return GOOD if is_good else FOUND


def run_explain(args: argparse.Namespace) -> int:
    try:
        text = sys.stdin.read() if args.text == "-" else args.text
        text.encode()
        loaded = load_policy(args.policy, Catalog())
        explanation = _Explanation(loaded, args.scope, text, LocalScan())
    except UnicodeError:
        print("oddgate policy: the text is not UTF-8", file=sys.stderr)
        return USAGE
    except (PolicyError, DetectorError) as error:
        print(error, file=sys.stderr)
        return USAGE
    if args.json:
        _print_json(explanation.as_json())
    else:
        print("\n".join(explanation.lines()))
    return FOUND if explanation.verdict.fired else GOOD


def default_path() -> Path:
    """``./policies`` where it holds any, else the library that comes with the package."""
    here = Path("policies")
    return here if here.is_dir() and policy_files(here) else library()


def _absent(paths: Sequence[Path]) -> int | None:
    missing = [path for path in paths if not path.exists()]
    for path in missing:
        print(f"oddgate policy: there is no file or folder {path}", file=sys.stderr)
    return USAGE if missing else None


def _policy_of(path: Path) -> Path:
    """A case file stands for its policy."""
    return path.with_name(path.name.removesuffix(_CASES) + ".yaml") if path.name.endswith(_CASES) else path


def _load_all(paths: Sequence[Path]) -> tuple[list[LoadedPolicy], list[Problem]]:
    loaded: list[LoadedPolicy] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found = load_dir(path, Catalog()).values() if path.is_dir() else [load_policy(_policy_of(path), Catalog())]
            loaded += found
            if not found:
                problems.append(Problem(str(path), 0, "", "no policies (*.yaml) here"))
        except PolicyError as error:
            problems += error.problems
    return loaded, problems


def _case_problems(policy: LoadedPolicy) -> tuple[Problem, ...]:
    path = cases_beside(policy.path)
    if not path.exists():
        return ()
    try:
        load_cases(path)
    except ProblemsError as error:
        return error.problems
    return ()


def _results(policy: LoadedPolicy, scan: Scan) -> list[tuple[Path, Result]]:
    path = cases_beside(policy.path)
    return [(path, result) for result in run_cases(path, policy.policy, scan)] if path.exists() else []


def _print_results(results: Sequence[tuple[Path, Result]], problems: Sequence[Problem]) -> None:
    for path, result in results:
        for failure in result.failures:
            print(f"{path}:{result.line}: {result.case}: {failure}")
    _print_problems(problems)
    failed = sum(bool(result.failures) for _, result in results)
    if not results:
        print("no cases were found: nothing was tested")
    else:
        print(f"{_counted(len(results), 'case')}: {len(results) - failed} passed, {failed} failed")


def _print_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _as_json(problem: Problem) -> dict[str, object]:
    return {"file": problem.file, "line": problem.line, "key": problem.key, "message": problem.message}


def _case_as_json(path: Path, result: Result) -> dict[str, object]:
    return {"file": str(path), "line": result.line, "name": result.case, "ok": not result.failures, "failures": list(result.failures)}


def _described(loaded: LoadedPolicy) -> dict[str, object]:
    return {"file": str(loaded.path), "policy": _version(loaded), "rules": [rule.id for rule in loaded.policy.rules]}


def _version(loaded: LoadedPolicy) -> str:
    return f"{loaded.policy.name}@{loaded.digest[:12]}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


class _Explanation:
    """What a policy makes of a text, rule by rule. Findings are shown by place and kind alone, the text as it would go on."""

    def __init__(self, loaded: LoadedPolicy, scope: Scope, text: str, scan: Scan) -> None:
        self._loaded = loaded
        self._scope = scope
        self._outcomes = {rule.id: scan(rule, text) for rule in loaded.policy.rules if scope in rule.scope}
        self.verdict = review(loaded.policy, scope, text, lambda rule, _: self._outcomes[rule.id])
        self._edited = edited(self.verdict, text)

    def lines(self) -> Iterator[str]:
        policy = self._loaded.policy
        yield f"policy    {_version(self._loaded)} ({policy.mode})"
        yield f"scope     {self._scope}"
        yield f"decision  {Decision.of(self.verdict.action)}"
        for rule in policy.rules:
            yield f"rule      {rule.id}: {self._summary(rule)}"
            yield from (f"            {line}" for line in self._details(rule))
        if self.verdict.edits and Decision.of(self.verdict.action) is Decision.REDACT:
            yield f"text      {self._edited}"

    def as_json(self) -> dict[str, object]:
        verdict = self.verdict
        return {
            "policy": _version(self._loaded),
            "scope": self._scope,
            "decision": Decision.of(verdict.action),
            "rules": [self._rule_as_json(rule) for rule in self._loaded.policy.rules],
            "text": None if Decision.of(verdict.action) is Decision.BLOCK else self._edited,
        }

    def _rule_as_json(self, rule: Rule) -> dict[str, object]:
        findings = self._outcomes.get(rule.id, Outcome(())).findings
        return {
            "id": rule.id,
            "fired": any(fired.rule == rule.id for fired in self.verdict.fired),
            "shadow": self._loaded.policy.is_shadow(rule),
            "why": self._summary(rule),
            "findings": [
                {"kind": f.kind, "start": f.start, "end": f.end, "score": f.score, "selected": selects(rule, f)}
                for f in _in_order(findings)
            ],
        }

    def _summary(self, rule: Rule) -> str:
        if rule.id not in self._outcomes:
            return f"not asked: its scope is {', '.join(rule.scope)}"
        if any(fired.rule == rule.id for fired in self.verdict.fired):
            return f"fired: {_effect(self._loaded.policy, rule)}"
        if self._outcomes[rule.id].findings:
            return f"did not fire: {rule.detect} found nothing that the rule means"
        return f"did not fire: {rule.detect} found nothing"

    def _details(self, rule: Rule) -> Iterator[str]:
        for finding in _in_order(self._outcomes.get(rule.id, Outcome(())).findings):
            place = f"{finding.kind} at {finding.start}-{finding.end}, score {finding.score:.2f} ({finding.evidence.name.lower()})"
            yield place if selects(rule, finding) else f"{place}: passed over, {_why_not(rule, finding)}"


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: (f.start, f.end, f.kind))


def _effect(policy: Policy, rule: Rule) -> str:
    return f"would {rule.action}, but only says so (shadow)" if policy.is_shadow(rule) else str(rule.action)


def _why_not(rule: Rule, finding: Finding) -> str:
    if rule.min_score is not None and finding.score < rule.min_score:
        return f"its score is below the rule's min_score {rule.min_score}"
    return "it is not among the rule's entities"
