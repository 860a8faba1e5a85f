"""What boards and rules ask of Prometheus, and which metrics and labels they ask for."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.architecture.project import ROOT

DASHBOARDS = ROOT / "dashboards"
BOARDS = sorted((DASHBOARDS / "grafana").glob("*.json"))

_WORDS = frozenset({
    "and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool",
    "sum", "avg", "min", "max", "count", "topk", "quantile",
})  # fmt: skip
_STRING = re.compile(r'"[^"]*"' + r"|'[^']*'")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Query:
    where: str
    expr: str
    legend: str = ""

    @property
    def metrics(self) -> set[str]:
        bare = _GROUPING.sub(" ", re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", _STRING.sub("", self.expr)))
        return {name for name in re.findall(r"(?<![\w.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", bare) if name not in _WORDS}

    @property
    def matched(self) -> Iterator[tuple[str, set[str]]]:
        """Each metric that is chosen from by labels, with these."""
        for name, inside in _SELECTOR.findall(_STRING.sub("", self.expr)):
            yield name, set(re.findall(r"(\w+)\s*(?:=|!)", inside))

    @property
    def grouped(self) -> set[str]:
        return {label.strip() for inside in _GROUPING.findall(self.expr) for label in inside.split(",")}


def models() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in BOARDS}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load((DASHBOARDS / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]


def of_boards() -> list[Query]:
    return [
        Query(f"{name}: {panel['title']}", target["expr"], target["legendFormat"])
        for name, model in models().items()
        for panel in model["panels"]
        for target in panel.get("targets", ())
    ]


def of_rules() -> list[Query]:
    return [Query(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}
