"""Alerts as the settings have them: each channel by its strict double, who is told of what, and what is promised."""

import asyncio
import base64
import json
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway import alerts
from gateway.config.alerts import Alerts
from gateway.incidents.deliver import Answer
from gateway.incidents.mailing import Mailer
from gateway.incidents.sending import send_once
from gateway.settings import load_config
from tests.gateway.incidents.notices import notice
from tests.gateway.incidents.symptoms import burn
from tests.support.alert_channels import (
    check_alertmanager,
    check_opsgenie,
    check_pagerduty,
    check_slack,
    check_teams,
    check_webhook,
    running_channel,
)

SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()
HTTP = {
    "pagerduty": (check_pagerduty, {"routing_key": "env:PD", "url": "URL/"}),
    "slack": (check_slack, {"url": "URL/services/T0/B0/hush"}),
    "alertmanager": (check_alertmanager, {"url": "URL/", "headers": {"authorization": "env:AM"}}),
    "teams": (check_teams, {"url": "URL/workflows/hush"}),
    "opsgenie": (check_opsgenie, {"api_key": "env:OPS", "url": "URL"}),
    "webhook": (check_webhook((SECRET,), time.time), {"url": "URL/x", "secrets": ["env:HOOK"]}),
}
ENV = {"PD": 32 * "k", "AM": "Bearer x", "OPS": "hush", "HOOK": SECRET}


def settings(tmp_path: Path, said: object) -> Alerts:
    path = tmp_path / "oddgate.yaml"
    path.write_text(json.dumps({"alerts": said}))
    return load_config(path, ENV).alerts


@pytest.mark.parametrize("kind", HTTP)
def test_each_channel(tmp_path: Path, kind: str):
    """What the settings say is enough for it to take what opens and ends an incident."""
    check, keys = HTTP[kind]
    with running_channel(check) as fake:
        said = json.loads(json.dumps({"name": "it", "kind": kind, **keys}).replace("URL", fake.url))
        (made,) = alerts.channels(settings(tmp_path, {"channels": [said], "last": ["it"]})).values()
        for name in ("opened", "updated", "resolved"):
            assert asyncio.run(send_once(made, notice(name), "msg-1", time.time())) == Answer(202)
        assert fake.faults == []
        assert len(fake.asked) == 3
    if kind == "alertmanager":
        assert fake.asked[0][1]["authorization"] == "Bearer x"


def test_mail(tmp_path: Path):
    """A mailer by the settings, whose password no repr has."""
    said = {"name": "it", "kind": "mail", "host": "h", "sender": "a@b.example", "to": ["c@d.example"], "user": "u", "password": "env:OPS"}
    (made,) = alerts.channels(settings(tmp_path, {"channels": [said], "last": ["it"]})).values()
    assert isinstance(made, Mailer)
    assert (made.host, made.port, made.security, made.user, made.password) == ("h", 587, "starttls", "u", "hush")
    assert "hush" not in repr(made)


def test_every_kind_is_tested():
    """Each that the settings know."""
    assert set(alerts._NEEDED) == {*HTTP, "mail"}


def routed(tmp_path: Path, said: dict, at: float = 0.0, app: str = "shop", **fields: object) -> tuple[str, ...]:
    names = [{"name": name, "kind": "slack", "url": "https://h.example/x"} for name in ("a", "b", "c")]
    router = alerts.router(settings(tmp_path, {"channels": names, "last": ["c"], **said}), {})
    assert router is not None
    return router.channels(notice(made_of=burn(app=app), **fields), at)


def test_who_is_told(tmp_path: Path):
    """By routes as they are written; everything goes to the last resort where there are none, and a page where none fits."""
    monday = 4 * 86400.0  # 5 January 1970
    day = {"zone": "Europe/Berlin", "start": "08:00", "end": "18:00", "days": ["mon"]}
    assert routed(tmp_path, {}) == ("c",)
    assert routed(tmp_path, {}, urgency="ticket") == ("c",)
    pages = {"routes": [{"channels": ["a"], "urgency": "page"}, {"channels": ["b"], "hours": day, "apps": ["shop*"]}]}
    assert routed(tmp_path, pages, urgency="page") == ("a",)
    assert routed(tmp_path, pages, urgency="ticket") == ()
    assert routed(tmp_path, pages, monday + 7.5 * 3600, urgency="ticket") == ("b",)
    assert routed(tmp_path, pages, monday + 7.5 * 3600, app="other", urgency="ticket") == ()
    assert routed(tmp_path, pages, monday + 17.5 * 3600, urgency="ticket") == ()
    assert routed(tmp_path, {"routes": [{"channels": ["a"], "apps": ["other"]}]}, urgency="page") == ("c",)


def test_nobody_to_tell(tmp_path: Path):
    """Without channels there is no router: incidents are only kept."""
    assert alerts.router(settings(tmp_path, {}), {}) is None
    assert alerts.channels(settings(tmp_path, {})) == {}


def test_a_list(tmp_path: Path):
    """Channels may be a list, each with the severities that it is for; the first is the last resort."""
    said = [
        {"name": "oncall", "kind": "pagerduty", "routing_key": "env:PD", "severity": ["critical", "error"]},
        {"name": "team", "kind": "slack", "url": "https://h.example/x"},
    ]
    made = settings(tmp_path, said)
    assert [(route.channels, route.severity) for route in made.routes] == [(("oncall",), "error"), (("team",), "info")]
    assert made.last == ("oncall",)


def test_promises_and_links(tmp_path: Path):
    """The first objective that fits an application counts; a link leads to the incident in the console."""
    made = settings(tmp_path, {"objectives": [{"apps": ["batch-*"], "objective": 0.9}], "link": "https://o.example/console/"})
    assert (alerts.objective(made, "batch-1"), alerts.objective(made, "shop")) == (0.9, 0.995)
    assert [each.href for each in alerts.links(made)("inc-1")] == ["https://o.example/console/#/incidents/inc-1"]
    assert alerts.links(settings(tmp_path, {}))("inc-1") == ()


def test_several_at_once(tmp_path: Path):
    """All kinds stand beside each other, and those that take silence for the end are known."""
    with ExitStack() as stack:
        said = []
        for kind, (check, keys) in HTTP.items():
            url = stack.enter_context(running_channel(check)).url
            said.append(json.loads(json.dumps({"name": kind, "kind": kind, **keys}).replace("URL", url)))
        made = settings(tmp_path, {"channels": said, "last": ["slack"]})
    assert set(alerts.channels(made)) == set(HTTP)
    assert alerts.resent(made) == {"alertmanager"}
