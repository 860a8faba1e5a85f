"""Grafana's dashboards, held to as much of its JSON model as they use."""

import itertools
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from dashboards.build import boards
from tests.dashboards.queries import BOARDS, models

NAMES = sorted(models())


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Source(Model):
    type: Literal["prometheus"]
    uid: Literal["${datasource}"]


class Place(Model):
    x: int = Field(ge=0, le=23)
    y: int = Field(ge=0)
    w: int = Field(ge=1, le=24)
    h: int = Field(ge=1)


class Target(Model):
    ref: str = Field(alias="refId", pattern=r"^[A-Z]$")
    datasource: Source
    expr: str = Field(min_length=1)
    legend: str = Field(alias="legendFormat", min_length=1)
    format: Literal["time_series", "heatmap"]
    range: Literal[True]


class Step(Model):
    color: Literal["green", "red", "blue"]
    value: float | int | None


class Thresholds(Model):
    mode: Literal["absolute"]
    steps: list[Step] = Field(min_length=1)


class Defaults(Model):
    unit: Literal["reqps", "cps", "ops", "short", "s", "bytes", "percentunit", "currencyUSD"]
    no_value: str = Field(alias="noValue")
    min: int | None = None
    custom: dict[str, Any] | None = None
    color: dict[str, str] | None = None
    thresholds: Thresholds | None = None


class Fields(Model):
    defaults: Defaults
    overrides: list[Any] = Field(max_length=0)


class Panel(Model):
    id: int = Field(ge=1)
    type: Literal["timeseries", "stat", "heatmap"]
    title: str = Field(min_length=3, max_length=60)
    description: str = Field(pattern=r"^[A-Z].*\.$")
    datasource: Source
    place: Place = Field(alias="gridPos")
    fields: Fields = Field(alias="fieldConfig")
    options: dict[str, Any]
    targets: list[Target] = Field(min_length=1)


class Row(Model):
    id: int = Field(ge=1)
    type: Literal["row"]
    title: str = Field(min_length=3)
    collapsed: Literal[False]
    panels: list[Any] = Field(max_length=0)
    place: Place = Field(alias="gridPos")


class Board(Model):
    uid: str = Field(pattern=r"^oddgate-[a-z]+$", max_length=40)
    title: str = Field(pattern=r"^oddgate · [a-z ]+$")
    description: str = Field(pattern=r"^[A-Z].*\.$")
    tags: list[str] = Field(min_length=1)
    schema_version: int = Field(alias="schemaVersion", ge=36)
    editable: bool
    graph_tooltip: Literal[0, 1, 2] = Field(alias="graphTooltip")
    refresh: str
    time: dict[Literal["from", "to"], str]
    timezone: Literal["browser"]
    links: list[dict[str, Any]]
    templating: dict[Literal["list"], list[dict[str, Any]]]
    annotations: dict[Literal["list"], list[Any]]
    panels: list[Row | Panel]


def _board(name: str) -> Board:
    return TypeAdapter(Board).validate_python(models()[name])


def test_files_are_what_the_builder_makes():
    """Nobody edits what is made; who edits a board makes it anew: ``python dashboards/build.py``."""
    made = boards()
    assert sorted(made) == BOARDS
    for path, text in made.items():
        assert path.read_text() == text, f"{path.name} is not what boards/{path.stem}.yaml says"


@pytest.mark.parametrize("name", NAMES)
def test_model(name: str):
    """It has what Grafana asks for, and nothing that is not known here."""
    board = _board(name)
    assert board.uid == f"oddgate-{name}"
    assert board.title == f"oddgate · {name}"
    variables = {variable["name"]: variable for variable in models()[name]["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["instance"]["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize("name", NAMES)
def test_ids(name: str):
    """No two panels of a board have one id, and no two queries of a panel."""
    board = _board(name)
    assert len({panel.id for panel in board.panels}) == len(board.panels)
    for panel in board.panels:
        if isinstance(panel, Panel):
            assert len({target.ref for target in panel.targets}) == len(panel.targets)
            assert len({target.legend for target in panel.targets}) == len(panel.targets)


@pytest.mark.parametrize("name", NAMES)
def test_grid(name: str):
    """No panel lies on another, and none is beyond the right edge."""
    places = [(panel.title, panel.place) for panel in _board(name).panels]
    for title, place in places:
        assert place.x + place.w <= 24, title
    for (one, a), (other, b) in itertools.combinations(places, 2):
        is_apart = a.x + a.w <= b.x or b.x + b.w <= a.x or a.y + a.h <= b.y or b.y + b.h <= a.y
        assert is_apart, f"{one} lies on {other}"


@pytest.mark.parametrize("name", NAMES)
def test_kinds(name: str):
    """A number is coloured by borders; a heatmap asks for buckets."""
    for panel in _board(name).panels:
        if isinstance(panel, Panel):
            assert (panel.fields.defaults.thresholds is not None) == (panel.type == "stat"), panel.title
            assert {target.format for target in panel.targets} == {"heatmap" if panel.type == "heatmap" else "time_series"}


def test_titles():
    """No two panels of a row are called the same, and no two boards."""
    assert len({model["title"] for model in models().values()}) == len(NAMES)
    for name in NAMES:
        titles = [panel.title for panel in _board(name).panels]
        assert len(set(titles)) == len(titles)
