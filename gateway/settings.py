"""The settings as they are read: a file (``oddgate.yaml``), then environment variables over it (see ``environment``).

An unknown key is an error with its line. What this version does not support is refused, so that nobody believes it is at work.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gateway.agreement import objections
from gateway.config import Config
from gateway.environment import overlay
from gateway.incidents.incident import SEVERITIES
from policies.positions import Node, parse, read
from policies.problems import Problem, ProblemsError
from policies.schema import problem_at, validate


class ConfigError(ProblemsError):
    """The settings cannot be used."""


def load_config(path: Path | None, env: Mapping[str, str]) -> Config:
    """The settings from a file, if there is one, and the environment. Raises ``ConfigError`` with everything that is wrong."""
    try:
        return _checked(overlay(_plain(_read(path)), env, Config, frozenset(Config.model_fields)), env)
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
    try:
        config = validate(Config, _plain(root), {"env": env})
    except ProblemsError as error:
        raise ConfigError(_in_order(list(error.problems))) from None
    problems = [problem_at(root, loc, message) for loc, message in objections(config)]
    if problems:
        raise ConfigError(_in_order(problems))
    return config


def _plain(root: Node) -> Node:
    """Without sections that are named but empty, all of whose keys keep their defaults; alerts that are a list, as a section."""
    if root.mapping is None:
        return root
    kept = {key: node for key, node in root.mapping.items() if not (key in Config.model_fields and node.is_null)}
    if (alerts := kept.get("alerts")) and alerts.items is not None:
        kept["alerts"] = _alerts(alerts, alerts.items)
    return replace(root, mapping=kept)


def _alerts(node: Node, listed: tuple[Node, ...]) -> Node:
    """Channels, each with the severities that it is for: a route that is for the least of them and worse. The first is the last resort."""
    channels = [_without_severity(each) for each in listed]
    named = [(each, replace(name, items=(name,), value=None)) for each in listed if (name := each.child("name"))]
    mapping = {
        "channels": replace(node, items=tuple(channels)),
        "routes": replace(node, items=tuple(_route(each, names) for each, names in named)),
    }
    return replace(node, items=None, mapping=mapping | ({"last": named[0][1]} if named else {}))


def _without_severity(channel: Node) -> Node:
    if channel.mapping is None:
        return channel
    return replace(channel, mapping={key: node for key, node in channel.mapping.items() if key != "severity"})


def _route(channel: Node, names: Node) -> Node:
    said = channel.child("severity")
    words = (said.items or (said,)) if said else ()
    ranks: dict[object, int] = {word: rank for rank, word in enumerate(SEVERITIES)}
    least = min(words, key=lambda each: ranks.get(each.value, -1), default=None)
    return replace(channel, mapping={"channels": names, **({"severity": least} if least else {})})


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line))
