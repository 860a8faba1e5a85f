"""Makes Grafana's dashboards (``grafana/``) of what people write (``boards/``): ``python dashboards/build.py``.

A board is rows of panels; a panel is a title, a plain sentence, a unit and queries by their legends. Everything that Grafana wants besides,
such as where a panel stands, is filled in here, so that what is the same on every panel is said once. Panels stand in the order in which
they are written, from left to right, as wide as they say (of 24), and begin a new line where they no longer fit.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
_COLUMNS = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_HEIGHTS = {"stat": 4, "timeseries": 8, "heatmap": 8}
_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "stat": {"colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "reduceOptions": _LAST},
    "timeseries": {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "heatmap": {"calculate": False, "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64}, "yAxis": {"unit": "s"}},
}


def boards() -> dict[Path, str]:
    """What each file of Grafana's is to hold."""
    return {
        HERE / "grafana" / f"{path.stem}.json": render(path.stem, yaml.safe_load(path.read_text()))
        for path in sorted(HERE.glob("boards/*.yaml"))
    }


def render(name: str, board: Mapping[str, Any]) -> str:
    model = {
        "uid": f"oddgate-{name}",
        "title": board["title"],
        "description": board["text"],
        "tags": ["oddgate"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [_other_boards()],
        "templating": {"list": [_data_source(), _instances()]},
        "annotations": {"list": []},
        "panels": [{"id": number, **panel} for number, panel in enumerate(_placed(board["rows"]), 1)],
    }
    return json.dumps(model, indent=2, ensure_ascii=False) + "\n"


def _placed(rows: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    top = 0
    for row in rows:
        yield {"type": "row", "title": row["title"], "collapsed": False, "panels": [], "gridPos": _at(0, top, _COLUMNS, 1)}
        top, left, height = top + 1, 0, 0
        for panel in row["panels"]:
            if left + panel["width"] > _COLUMNS:
                top, left, height = top + height, 0, 0
            yield _panel(panel, _at(left, top, panel["width"], _HEIGHTS[panel["kind"]]))
            left, height = left + panel["width"], max(height, _HEIGHTS[panel["kind"]])
        top += height


def _at(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Mapping[str, Any], place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": panel["kind"],
        "title": panel["title"],
        "description": panel["text"],
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel["kind"]],
        "targets": [_target(panel["kind"], number, legend, query) for number, (legend, query) in enumerate(panel["queries"].items())],
    }


def _defaults(panel: Mapping[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel["unit"], "noValue": "none"}
    if panel["kind"] == "timeseries":
        stacking = {"mode": "normal" if panel.get("stacked") else "none"}
        defaults |= {
            "min": 0,
            "custom": {"fillOpacity": 15, "lineWidth": 1, "showPoints": "never", "spanNulls": False, "stacking": stacking},
        }
    if panel["kind"] == "stat":
        defaults |= {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": _steps(panel)}}
    return defaults


def _steps(panel: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``red_from``: bad from there up; ``green_from``: bad below it; neither: a number without a judgement."""
    if "red_from" in panel:
        return [{"color": "green", "value": None}, {"color": "red", "value": panel["red_from"]}]
    if "green_from" in panel:
        return [{"color": "red", "value": None}, {"color": "green", "value": panel["green_from"]}]
    return [{"color": "blue", "value": None}]


def _target(kind: str, number: int, legend: str, query: str) -> dict[str, Any]:
    shape = "heatmap" if kind == "heatmap" else "time_series"
    return {"refId": chr(ord("A") + number), "datasource": _SOURCE, "expr": query, "legendFormat": legend, "format": shape, "range": True}


def _data_source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0}


def _instances() -> dict[str, Any]:
    values = "label_values(oddgate_active_exchanges, instance)"
    return {
        "name": "instance", "label": "Gateway", "type": "query", "datasource": _SOURCE, "definition": values,
        "query": {"query": values, "refId": "instances"}, "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]}, "hide": 0,
    }  # fmt: skip


def _other_boards() -> dict[str, Any]:
    return {"title": "oddgate", "type": "dashboards", "tags": ["oddgate"], "asDropdown": False, "includeVars": True, "keepTime": True}


if __name__ == "__main__":
    for path, text in boards().items():
        path.write_text(text)
