"""The rules of alerts.yaml, by Prometheus's own tool."""

import re
from typing import Any

import pytest
import yaml

from tests.dashboards.queries import DASHBOARDS, of_rules, rules
from tests.support.prometheus import promtool

ALERTS = [rule for rule in rules() if "alert" in rule]
TESTS = sorted(path.name for path in DASHBOARDS.glob("alerts*.test.yaml"))


def test_check_rules():
    """Prometheus takes them."""
    assert f"SUCCESS: {len(rules())} rules found" in promtool("check", "rules", "alerts.yaml", cwd=DASHBOARDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", TESTS)
def test_unit_tests(name: str):
    """Alerts fire when they should, and only then."""
    assert "SUCCESS" in promtool("test", "rules", name, cwd=DASHBOARDS)


def test_each_alert_is_tested():
    """Each fires in a test, under its name; and where all is well, there is something of each metric that a rule asks for."""
    fired: set[str] = set()
    for name in TESTS:
        for test in yaml.safe_load((DASHBOARDS / name).read_text())["tests"]:
            assert test["name"]
            for each in test.get("promql_expr_test", ()):
                fired |= set(re.findall(r'alertname="(\w+)"', str(each["exp_samples"])))
            fired |= {each["alertname"] for each in test.get("alert_rule_test", ()) if each["exp_alerts"]}
    assert fired == {rule["alert"] for rule in ALERTS}


def test_nothing_fires_where_all_is_well():
    """The first test has every metric of every rule, save those that a gateway only shows once something has gone wrong."""
    well = yaml.safe_load((DASHBOARDS / "alerts.test.yaml").read_text())["tests"][0]
    given = {re.match(r"\w+", series["series"]).group() for series in well["input_series"]}
    asked = {name for query in of_rules() for name in query.metrics if ":" not in name}
    assert asked - given == {"oddgate_unguarded_total"}
    assert all(each["exp_samples"] == [] for each in well["promql_expr_test"][:2])


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']} {rule['labels'].get('window', '')}".strip())
def test_each_alert_says_what_to_do(rule: dict[str, Any]):
    """A severity that is one of two; what is wrong, whom it concerns, and what to look at; in sentences."""
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert not rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")
    assert rule["annotations"]["runbook"].endswith(".")


@pytest.mark.parametrize("what", ["failed", "slow"])
def test_burn_rates(what: str):
    """Of the budget of 30 days, as the site reliability workbook has it: 2 % in an hour, 5 % in 6 hours, 10 % in a day, 10 % in 3 days."""
    budget = {"failed": 0.001, "slow": 0.01}[what]
    found = []
    for rule in ALERTS:
        sides = re.findall(rf"oddgate:exchanges_{what}:ratio_rate(\w+) > ([\d.* ]*\d)", rule["expr"])
        if sides:
            assert rule["labels"]["window"] == sides[0][0]
            limits = {eval(limit) for _, limit in sides}
            assert len(limits) == 1
            found.append((sides[0][0], sides[1][0], round(limits.pop() / budget, 6), rule["labels"]["severity"]))
    assert found == [("1h", "5m", 14.4, "page"), ("6h", "30m", 6, "page"), ("1d", "2h", 3, "ticket"), ("3d", "6h", 1, "ticket")]
