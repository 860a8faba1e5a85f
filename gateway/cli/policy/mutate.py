"""``oddgate policy mutate``: a policy is weakened in one place at a time, and its cases run: what none of them notices is not tested."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from detectors.registry import Catalog, DetectorError
from gateway.cli.detect import LocalScan
from gateway.cli.policy.files import policy_of
from gateway.cli.policy.forms import conforms
from gateway.cli.policy.shown import FOUND, GOOD, USAGE, counted, print_json
from policies.load import LoadedPolicy, load_policy
from policies.positions import Loc, Node, parse, read
from policies.problems import ProblemsError
from policies.rehearsal.cases import cases_beside, load_cases
from policies.rehearsal.mutate import CaseRunner, Mutant, mutants


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "mutate", help="weaken a policy in one place at a time; exit 1 if its cases do not notice", description=__doc__
    )
    parser.add_argument("policy", type=Path, metavar="FILE")
    parser.add_argument(
        "--min-score", type=float, default=1.0, metavar="SHARE", help="how many of the mutants must be noticed; default: 1, all of them"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    path = policy_of(args.policy)
    try:
        loaded = load_policy(path, Catalog())
        runner = CaseRunner(loaded.policy, [case for _, case in load_cases(cases_beside(path))], LocalScan(), conforms)
        if runner.failing:
            print(f"oddgate policy mutate: {path} itself does not pass the case {runner.failing[0]!r}; see policy test", file=sys.stderr)
            return USAGE
        tried = [(mutant, runner.noticed_by(mutant)) for mutant in mutants(loaded.policy)]
        places = _Places(loaded)
    except (ProblemsError, DetectorError) as error:
        print(error, file=sys.stderr)
        return USAGE
    missed = [mutant for mutant, by in tried if by is None]
    score = 1 - len(missed) / len(tried) if tried else 1.0
    if args.json:
        print_json(_as_json(tried, places, score))
    else:
        for mutant in missed:
            print(f"{places.of(mutant)}: {mutant.key}: {mutant.change}: no case notices")
        print(f"{counted(len(tried), 'mutant')}: {len(tried) - len(missed)} noticed, {len(missed)} missed; score {score:.2f}")
    return FOUND if score < args.min_score else GOOD


def _as_json(tried: Sequence[tuple[Mutant, str | None]], places: "_Places", score: float) -> dict[str, object]:
    rows = [{"key": mutant.key, "change": mutant.change, "noticed_by": by, "place": places.of(mutant)} for mutant, by in tried]
    return {"score": round(score, 4), "mutants": rows}


class _Places:
    """Where in the policy's files things stand, the file that lies on top first. A default stands nowhere: what it is of is shown."""

    def __init__(self, loaded: LoadedPolicy) -> None:
        self._layers = [parse(read(Path(file)), file) for file in reversed(loaded.layers)]

    def of(self, mutant: Mutant) -> str:
        found = [node for layer in self._layers if (node := _of_owner(layer, mutant) if mutant.owner else _exactly(layer, mutant.loc))]
        node = found[0] if found else self._layers[0]
        return f"{node.file}:{node.line}"


def _of_owner(layer: Node, mutant: Mutant) -> Node | None:
    for item in layer.at(mutant.loc[:1]).items or ():
        name = item.child("id")
        if name is not None and name.value == mutant.owner:
            return item.at(mutant.loc[2:])
    return None


def _exactly(layer: Node, loc: Loc) -> Node | None:
    node: Node | None = layer
    for part in loc:
        node = node.child(part) if node else None
    return node
