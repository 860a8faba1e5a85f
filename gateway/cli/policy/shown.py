"""What the commands print alike, and their exit codes."""

import json
from collections.abc import Sequence

from policies.problems import Problem

GOOD, FOUND, USAGE = 0, 1, 2


def visible(text: str) -> str:
    """One line, with all that a terminal would act upon spelled out: what comes from files may hold anything."""
    return text if text.isprintable() else "".join([char if char.isprintable() else ascii(char)[1:-1] for char in text])


def print_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(visible(str(problem)))


def print_json(value: object) -> None:
    lines = json.dumps(value, ensure_ascii=False, indent=2)
    print("".join([char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in lines]))


def problem_as_json(problem: Problem) -> dict[str, object]:
    return {"file": problem.file, "line": problem.line, "key": problem.key, "message": problem.message}


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
