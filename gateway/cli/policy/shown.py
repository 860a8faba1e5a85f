"""What the commands print alike, and their exit codes."""

import json
from collections.abc import Sequence

from policies.problems import Problem

GOOD, FOUND, USAGE = 0, 1, 2


def print_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem)


def print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def problem_as_json(problem: Problem) -> dict[str, object]:
    return {"file": problem.file, "line": problem.line, "key": problem.key, "message": problem.message}


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
