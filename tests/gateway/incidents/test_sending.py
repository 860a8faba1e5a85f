"""Notices to each channel's strict double, over HTTP: delivered, tried again, given up; one channel holds up no other."""

import asyncio
import base64
import logging
import socket
import time
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest

from bench.processes import free_port
from gateway.incidents.deliver import Answer, NoAnswer
from gateway.incidents.mailing import Mailer
from gateway.incidents.notice import Call, Change
from gateway.incidents.notify.alertmanager import Alertmanager
from gateway.incidents.notify.mail import Mail
from gateway.incidents.notify.opsgenie import Opsgenie
from gateway.incidents.notify.pagerduty import PagerDuty
from gateway.incidents.notify.slack import Slack
from gateway.incidents.notify.teams import Teams
from gateway.incidents.notify.webhook import Webhook
from gateway.incidents.outbox import Outbox
from gateway.incidents.sending import Sender, post
from tests.gateway.incidents.notices import NASTY, notice
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
from tests.support.waiting import eventually

KEY = 32 * "k"
SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()
CHANNELS = {
    "pagerduty": (check_pagerduty, lambda url: PagerDuty(KEY, url=url)),
    "slack": (check_slack, lambda url: Slack(f"{url}/services/T0/B0/hush")),
    "alertmanager": (check_alertmanager, Alertmanager),
    "teams": (check_teams, lambda url: Teams(f"{url}/workflows/hush")),
    "opsgenie": (check_opsgenie, lambda url: Opsgenie("hush", url=url)),
    "webhook": (check_webhook((SECRET,), time.time), lambda url: Webhook(f"{url}/x", (SECRET,))),
}


class Clock:
    """Time that passes as fast as it is waited for."""

    def __init__(self) -> None:
        self.now = time.time()

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0.002)


@asynccontextmanager
async def sending(outbox: Outbox, channels: dict, clock: Clock):
    sender = Sender(outbox, channels, lambda: clock.now, lambda: 0.5, clock.sleep)
    task = asyncio.get_running_loop().create_task(sender.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("name", CHANNELS)
async def test_each_channel(name: str):
    """It takes what opens, updates and ends an incident, also of an app whose name is an attack; in that order."""
    check, made = CHANNELS[name]
    clock = Clock()
    with running_channel(check) as channel:
        outbox = Outbox()
        async with sending(outbox, {name: made(channel.url)}, clock):
            for told in (notice(), notice("updated"), notice("resolved"), notice("opened", burn(app=NASTY))):
                outbox.put(name, told, clock.now)
                await eventually(lambda: not outbox.waiting)
        assert channel.faults == []
        assert [each.became for each in outbox.history] == ["delivered"] * 4
        assert len(channel.asked) == 4


async def test_a_channel_that_comes_back():
    """What it is too busy for, and what it breaks, is tried again with patience, by the same id, until it is taken."""
    clock = Clock()
    with running_channel(CHANNELS["webhook"][0]) as channel:
        channel.answers = [(429, {"Retry-After": "20"}), (500, {}), (503, {})]
        outbox = Outbox()
        begun = clock.now
        async with sending(outbox, {"w": Webhook(f"{channel.url}/x", (SECRET,))}, clock):
            outbox.put("w", notice(), clock.now)
            await eventually(lambda: not outbox.waiting)
        assert len({headers["webhook-id"] for _, headers, _ in channel.asked}) == 1
        assert (len(channel.asked), channel.faults) == (4, [])
        assert outbox.history[-1].attempts == 4
        assert clock.now - begun > 20 + 7.5 + 15


async def test_a_channel_that_is_down_holds_up_no_other():
    """And what cannot be said in a channel's form is a dead letter, and holds up nothing either."""

    class Unsayable:
        def call(self, *_: object) -> Call | None:
            raise UnicodeEncodeError("utf-8", "x", 0, 1, "no")

    clock = Clock()
    with running_channel(check_pagerduty) as channel:
        outbox = Outbox()
        channels = {
            "down": Slack(f"http://127.0.0.1:{free_port()}/services/T0/B0/x"),
            "bad": Unsayable(),
            "up": PagerDuty(KEY, url=channel.url),
            "mail": Mailer(Mail("a@b.example", ("c@b.example",)), "127.0.0.1", free_port(), "none"),
        }
        async with sending(outbox, channels, clock):
            for each in ("down", "mail", "bad", "up", "unknown"):
                outbox.put(each, notice(), clock.now)
            await eventually(lambda: len(outbox.history) == 3)
        assert {each.channel: each.became for each in outbox.history} == {
            "bad": "status 400", "up": "delivered", "unknown": "not for this channel",
        }  # fmt: skip
        assert [each.channel for each in outbox.waiting] == ["down", "mail"]


async def test_stopped_in_the_middle():
    """What was under way waits again."""
    clock = Clock()
    outbox = Outbox()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with sending(outbox, {"a": PagerDuty(KEY, url=f"http://127.0.0.1:{silent.getsockname()[1]}")}, clock):
            outbox.put("a", notice(), clock.now)
            await asyncio.sleep(0.1)
            assert outbox.due(clock.now, 8) == []
    assert len(outbox.due(clock.now, 8)) == 1


async def test_what_is_logged(caplog: pytest.LogCaptureFixture):
    """Which incident, which channel and what it answered; no key, and no URL, which may hold one."""
    clock = Clock()
    with running_channel(check_slack) as channel:
        channel.answers = [(404, {})]
        outbox = Outbox()
        with caplog.at_level(logging.WARNING, "oddgate.incidents"):
            async with sending(outbox, {"s": Slack(f"{channel.url}/services/T0/B0/hush")}, clock):
                outbox.put("s", notice(), clock.now)
                await eventually(lambda: not outbox.waiting)
    assert "404" in caplog.text
    assert "hush" not in caplog.text
    assert channel.url not in caplog.text


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (302, {"Location": "/elsewhere"}, Answer(302)),
        (429, {"Retry-After": "7"}, Answer(429, 7.0)),
        (429, {"Retry-After": "soon"}, Answer(429)),
    ],
)
async def test_answers(status, headers, outcome):
    """What is said is what was answered; nobody is followed elsewhere."""
    with running_channel(check_slack) as channel:
        channel.answers = [(status, headers)]
        async with aiohttp.ClientSession() as session:
            assert await post(session, Call(channel.url, (), b"{}")) == outcome
        assert len(channel.asked) == 1


@pytest.mark.parametrize(
    "call",
    [Call("http://127.0.0.1:1/", (), b""), Call("no url", (), b""), Call("http://127.0.0.1:1/", (("a", "b\r\nc"),), b"")],
    ids=["refused", "no_url", "no_header"],
)
async def test_no_answer(call):
    """Who cannot be asked gives no answer, and raises nothing."""
    async with aiohttp.ClientSession() as session:
        assert await post(session, call) == NoAnswer("unreachable")


async def test_change_events():
    """A policy that was put in force is told to PagerDuty."""
    with running_channel(check_pagerduty) as channel:
        async with aiohttp.ClientSession() as session:
            call = PagerDuty(KEY, url=channel.url).change(Change("c", "policy default: a → b", time.time()))
            assert await post(session, call) == Answer(202)
        assert (channel.asked[0][0], channel.faults) == ("/v2/change/enqueue", [])


async def test_changes_are_sent():
    """A change goes to a channel that has a word for it; another one is spared it."""
    change = Change("c", "policy default a → b", time.time(), (("by", "ann"),))
    outbox, clock = Outbox(), Clock()
    with running_channel(check_pagerduty) as pager, running_channel(check_slack) as slack:
        outbox.put("pager", change, clock.now)
        outbox.put("slack", change, clock.now)
        channels = {"pager": PagerDuty(KEY, url=pager.url), "slack": Slack(f"{slack.url}/services/T0/B0/hush")}
        async with sending(outbox, channels, clock):
            await eventually(lambda: not outbox.waiting)
        assert ([path for path, *_ in pager.asked], pager.faults, slack.asked) == (["/v2/change/enqueue"], [], [])
    assert {(each.channel, each.event, each.became) for each in outbox.history} == {
        ("pager", "change", "delivered"), ("slack", "change", "not for this channel"),
    }  # fmt: skip
