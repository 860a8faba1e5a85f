"""What is asked for is there, and what is there is asked for."""

import re

import pytest

from gateway import errors
from gateway.telemetry.instruments import _SECONDS
from gateway.wire.routes import routes
from tests.dashboards.queries import Query, models, of_boards, of_rules, recorded, rules

TARGET = {"job", "instance"}  # labels that Prometheus gives
OTHERS = {"up"}  # what Prometheus says itself
EVERY = [*of_boards(), *of_rules()]
TEXTS = {f"{name}: {panel['title']}": panel.get("description") for name, model in models().items() for panel in model["panels"]}


def _id(query: Query) -> str:
    return f"{query.where} {query.legend}".strip()


def test_some_are_asked():
    """The names are found: neither boards nor rules are taken for empty."""
    assert len(of_boards()) > 50
    assert len(of_rules()) > 40
    found = Query("", 'sum by (a) (rate(x:y{b="n(o)", c=~"$instance"}[$__rate_interval])) / 1e6 or 0 * w_total > 16e6 and up == 0')
    assert found.metrics == {"x:y", "w_total", "up"}
    assert list(found.matched) == [("x:y", {"b", "c"})]
    assert found.grouped == {"a"}


@pytest.mark.parametrize("query", EVERY, ids=_id)
def test_what_is_asked_for_exists(query: Query, exported: dict[str, set[str]]):
    """Each metric is the gateway's, with the labels by which it is chosen; or a rule records it."""
    assert query.metrics
    assert query.metrics - set(exported) - recorded() - OTHERS == set()
    for name, labels in query.matched:
        if name in exported:
            bounds = {"le"} if name.endswith("_bucket") else set()
            assert labels - exported[name] - TARGET - bounds == set(), name


def test_what_exists_is_asked_for(exported: dict[str, set[str]]):
    """Of each metric a board or a rule makes something; of a histogram, of one of its series at least."""
    asked = set().union(*(query.metrics for query in EVERY))
    histograms = {name.removesuffix("_bucket") for name in exported if name.endswith("_bucket")}
    whole = {base for base in histograms if any(f"{base}_{part}" in asked for part in ("bucket", "sum", "count"))}
    assert {name for name in set(exported) - asked if re.sub(r"_(bucket|sum|count)$", "", name) not in whole} == set()


def test_what_is_recorded_is_asked_for():
    """No rule records what nothing reads."""
    asked = set().union(*(query.metrics for query in EVERY))
    assert recorded() - asked == set()


@pytest.mark.parametrize("query", of_boards(), ids=_id)
def test_legends(query: Query, exported: dict[str, set[str]]):
    """A legend names labels that the answer has: those it is grouped by, or the target's where it is not grouped."""
    (metric, *_) = sorted(query.metrics)
    kept = query.grouped or (TARGET if not re.match(r"sum\b|avg\b", query.expr) else set())
    assert set(re.findall(r"\{\{\s*(\w+)\s*\}\}", query.legend)) <= kept
    if metric in exported:
        assert query.grouped - exported[metric] - TARGET - {"le"} == set()


@pytest.mark.parametrize("query", of_boards(), ids=_id)
def test_boards_are_of_the_chosen_gateways(query: Query):
    """Each metric is chosen from by instance; shares that rules record are over all gateways, and their panel says so."""
    chosen = [name for name, labels in query.matched if "instance" in labels]
    over_all = {name for name in query.metrics if ":ratio_" in name}
    assert set(chosen) == query.metrics - over_all
    assert len(chosen) == query.expr.count('instance=~"$instance"')
    assert not over_all or "over all gateways" in TEXTS[query.where]


@pytest.mark.parametrize("name", sorted(models()))
def test_gateways_to_choose_from(name: str, exported: dict[str, set[str]]):
    """They are read from a metric that every gateway shows, also one that has served nothing yet."""
    (variable,) = (each for each in models()[name]["templating"]["list"] if each["name"] == "instance")
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
    assert exported[metric] == set()
    assert label == "instance"


def test_failures_are_those_of_the_gateway_and_the_endpoint():
    """What counts against availability is each error of an exchange that is answered with a status from 500 on, and nothing else."""
    (rule,) = (rule for rule in rules() if rule.get("record") == "oddgate:exchanges_failed:sum")
    counted = re.search(r'outcome=~"([^"]*)"', rule["expr"]).group(1).split("|")
    status, expected = 0, set()
    for line in errors.__doc__.splitlines():
        if stated := re.search(r"── \w+ +(\d{3}) ", line):
            status = int(stated.group(1))
        if status >= 500 and line.startswith("    "):
            expected |= set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", line))
    assert "guard_unavailable" in expected
    assert set(counted) == expected - {"collector_unavailable"}  # of telemetry alone, which is no exchange with an endpoint
    assert len(counted) == len(set(counted))


def test_slow_is_a_border_of_a_bucket():
    """Of the buckets of added time there is one that the promise is about, and surfaces of the names that are left out."""
    (rule,) = (rule for rule in rules() if rule.get("record") == "oddgate:exchanges_slow:sum")
    assert float(re.search(r'le="([^"]*)"', rule["expr"]).group(1)) in _SECONDS
    left_out = set(re.search(r'surface!~"([^"]*)"', rule["expr"]).group(1).split("|"))
    assert left_out - {"otlp"} <= {dialect.surface for route in routes() for dialect in route.dialects.values()}
