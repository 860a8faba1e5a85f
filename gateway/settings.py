"""The settings as they are read: a file (``oddgate.yaml``), then environment variables over it (see ``environment``).

An unknown key is an error with its line. What this version does not support is refused, so that nobody believes it is at work.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gateway.agreement import objections
from gateway.config import Config
from gateway.environment import overlay
from policies.positions import Node, parse, read
from policies.problems import Problem, ProblemsError
from policies.schema import problem_at, validate


class ConfigError(ProblemsError):
    """The settings cannot be used."""


# Sections of the settings' full schema that this version has no use for yet.
_LATER = ("alerts",)


def load_config(path: Path | None, env: Mapping[str, str]) -> Config:
    """The settings from a file, if there is one, and the environment. Raises ``ConfigError`` with everything that is wrong."""
    try:
        return _checked(overlay(_read(path), env, Config, frozenset({*Config.model_fields, *_LATER})), env)
    except ProblemsError as error:
        raise ConfigError(error.problems) from None


def _read(path: Path | None) -> Node:
    if path is None:
        return Node(None, "settings", 0, mapping={})
    text = read(path)
    # A file of comments alone is a file in which every key keeps its default.
    if all(line.lstrip().startswith("#") or not line.strip() for line in text.splitlines()):
        return Node(None, str(path), 1, mapping={})
    return parse(text, str(path))


def _checked(root: Node, env: Mapping[str, str]) -> Config:
    later = [key for key in _LATER if root.child(key)]
    problems = [problem_at(root, (key,), "this section is not supported by this version; leave it out") for key in later]
    try:
        config = validate(Config, _without(root, later), {"env": env})
    except ProblemsError as error:
        raise ConfigError(_in_order([*problems, *error.problems])) from None
    problems += [problem_at(root, loc, message) for loc, message in objections(config)]
    if problems:
        raise ConfigError(_in_order(problems))
    return config


def _without(root: Node, later: list[str]) -> Node:
    """Also without sections that are named but empty, all of whose keys keep their defaults."""
    if root.mapping is None:
        return root
    kept = {key: node for key, node in root.mapping.items() if key not in later and not (key in Config.model_fields and node.is_null)}
    return replace(root, mapping=kept)


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line))
