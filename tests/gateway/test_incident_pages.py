"""What the admin side shows of incidents, and passes on."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.incident_pages import IncidentPages
from gateway.incidents.asks import Acknowledge, Deploy, Lift, Resolve, Silence
from gateway.incidents.incident import Incident
from gateway.incidents.stages import Silence as Muting
from gateway.keyfile import secret_key
from gateway.shown import Shown
from gateway.shown_incidents import render
from gateway.storage.ask_box import AskBox
from gateway.storage.incident_log import FileLog
from gateway.watch.status import NAME
from gateway.watch.status import render as status
from tests.gateway.incidents.symptoms import T0, burn, incident

OPEN = replace(incident(burn(evidence=("req_1",))), id="inc-open")
OVER = replace(incident(burn(app="other")), id="inc-over", state="resolved", severity="warning", since=T0 + 5)


def config(folder: Path) -> Config:
    return Config.model_validate({"secret_key": "a key", "watch": {"dir": folder}})


def pages(tmp_path: Path, *incidents: Incident) -> IncidentPages:
    said = config(tmp_path)
    silences = [Muting("sil-1", (("app", "shop"),), "moving", "ben", T0, T0 + 60)]
    actions = [{"id": "act-1", "incidents": ["inc-open"]}, {"id": "act-2", "incidents": ["inc-over"]}]
    if incidents:
        FileLog(tmp_path).show(render(T0, incidents, {}, {}, [], [], silences, actions, [], {}))
    return IncidentPages(said, Shown(said), lambda: T0)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["inc-over", "inc-open"]),
        ({"state": "open"}, ["inc-open"]),
        ({"severity": "error"}, ["inc-open"]),
        ({"severity": "warning"}, ["inc-over", "inc-open"]),
        ({"app": "other"}, ["inc-over"]),
        ({"app": "none"}, []),
        ({"limit": "1"}, ["inc-over"]),
    ],
)
async def test_the_list(tmp_path: Path, params: dict, found: list[str]):
    """Newest first, of the state, of this severity and worse, of the application; without what is of one alone."""
    said = await pages(tmp_path, OPEN, OVER).page(params)
    assert [each["id"] for each in said["incidents"]] == found
    assert not any("members" in each for each in said["incidents"])


@pytest.mark.parametrize("params", [{"state": "x"}, {"severity": "x"}, {"limit": "0"}, {"limit": "501"}, {"limit": "٣"}, {"a\n": "x"}])
async def test_what_is_not_understood(tmp_path: Path, params: dict):
    """It is named with what is allowed."""
    with pytest.raises(ValueError, match="allowed"):
        await pages(tmp_path, OPEN).page(params)


async def test_one(tmp_path: Path):
    """With its exchanges' addresses, and what was done about it."""
    shown = pages(tmp_path, OPEN, OVER)
    said = await shown.incident("inc-open")
    assert said is not None
    assert (said["exchanges"], [each["id"] for each in said["actions"]]) == (["/api/v1/exchanges/req_1"], ["act-1"])
    assert said["members"]
    assert await shown.incident("inc-none") is None


async def test_silences(tmp_path: Path):
    """Those that the watch knows."""
    assert [each["id"] for each in (await pages(tmp_path, OPEN).silences())["silences"]] == ["sil-1"]


async def test_a_silent_watch(tmp_path: Path):
    """Nothing is shown, and nothing of it can be asked for."""
    shown = pages(tmp_path)
    assert await shown.page({}) == {"ts": None, "incidents": [], "left_out": 0}
    assert shown.last_known() == {}
    with pytest.raises(KeyError):
        await shown.ask("acknowledge", {"incident": "inc-open", "by": "anna"})


async def test_asks(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Each reaches the watch with who asks, and stands in the log; the answer says whether a watch runs."""
    shown = pages(tmp_path, OPEN)
    caplog.set_level(logging.INFO, "oddgate.audit")
    assert (await shown.ask("acknowledge", {"incident": "inc-open", "by": "anna"}))["watch"] == "silent"
    (tmp_path / NAME).write_bytes(status(1, {"ts": T0}))
    said = await shown.ask("resolve", {"incident": "inc-open", "by": "anna", "reason": "known"})
    assert said == {"asked": "resolve", "id": "inc-open", "watch": "alive"}
    made = await shown.ask("silence", {"dimensions": {"app": "shop"}, "by": "anna", "reason": "moving", "hours": 1})
    await shown.ask("lift", {"silence": "sil-1", "by": "anna"})
    await shown.ask("deploy", {"name": "shop", "by": "ci", "version": "2"})
    acked, resolved, silenced, lifted, deployed = AskBox(tmp_path, secret_key(config(tmp_path))).take()
    assert acked == Acknowledge("inc-open", "anna", T0)
    assert resolved == Resolve("inc-open", "known", "anna", T0)
    assert isinstance(silenced, Silence)
    assert (silenced.id, silenced.ends - silenced.at) == (made["id"], 3600)
    assert lifted == Lift("sil-1", "anna", T0)
    assert isinstance(deployed, Deploy)
    assert (deployed.name, deployed.happened_at, deployed.what) == ("shop", T0, "deploy")
    assert "asked: acknowledge inc-open, by anna" in caplog.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("acknowledge", {"incident": "inc-open"}),
        ("acknowledge", {"incident": "inc-open", "by": "anna", "at": 1.0}),
        ("resolve", {"incident": "inc-open", "by": "anna"}),
        ("silence", {"by": "anna", "reason": "x", "dimensions": {}}),
        ("silence", {"by": "anna", "reason": "x", "dimensions": {"app": "a"}, "hours": 721}),
        ("silence", {"by": "anna", "reason": "x", "dimensions": {"app": "a"}, "hours": True}),
        ("silence", {"by": "anna", "reason": "x", "dimensions": {"app": "a"}, "hours": "1"}),
        ("silence", {"by": "anna", "reason": "x", "dimensions": {"app": "a"}, "ends": 5.0}),
        ("deploy", {"by": "anna"}),
        ("deploy", {"by": "anna", "name": "x", "id": "dep-1"}),
    ],
)
async def test_what_may_not_be_asked(tmp_path: Path, kind: str, body: dict):
    """It is refused, and does not reach the watch."""
    shown = pages(tmp_path, OPEN)
    with pytest.raises(ValueError, match=r":|silence"):
        await shown.ask(kind, body)
    assert AskBox(tmp_path, secret_key(config(tmp_path))).take() == []


@pytest.mark.parametrize(("kind", "named"), [("acknowledge", "incident"), ("lift", "silence"), ("approve", "action")])
async def test_what_is_not_there(tmp_path: Path, kind: str, named: str):
    """Nobody is asked about what the watch does not know."""
    with pytest.raises(KeyError, match=named):
        await pages(tmp_path, OPEN).ask(kind, {named: "x-none", "by": "anna"})
