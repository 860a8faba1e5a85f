"""Takes notices from the outbox to their channels, and tells it what became of each. A channel that hangs holds up no other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from gateway.incidents.deliver import Answer, NoAnswer, Outcome
from gateway.incidents.mailing import Mailer
from gateway.incidents.notice import Call, Change, ChangeChannel, Channel, Notice
from gateway.incidents.outbox import Delivery

TIMEOUT_S = 10.0
AT_ONCE = 2
"""To one channel."""
_POLL_S = 0.5
_MAX_ANSWER = 64 << 10
_UNSAYABLE = Answer(400)

log = logging.getLogger("oddgate.incidents")


class Deliveries(Protocol):
    """See ``outbox``."""

    def due(self, now: float, at_once: int) -> list[Delivery]: ...

    def settle(self, delivery: Delivery, outcome: Outcome, now: float, chance: float) -> None: ...

    def skip(self, delivery: Delivery, now: float) -> None: ...

    def release(self) -> None: ...


@dataclass(slots=True)
class Sender:
    """``wall``: seconds since 1970, at which a webhook says that it was signed. ``chance`` gives a number from 0 to 1."""

    outbox: Deliveries
    channels: Mapping[str, Channel | Mailer]
    wall: Callable[[], float]
    chance: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self) -> None:
        """Until it is cancelled; what is under way then waits again."""
        self.outbox.release()
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        no_cookies = aiohttp.DummyCookieJar()
        try:
            async with aiohttp.ClientSession(cookie_jar=no_cookies, timeout=timeout) as session, asyncio.TaskGroup() as group:
                while True:
                    for delivery in self.outbox.due(self.wall(), AT_ONCE):
                        group.create_task(self._deliver(session, delivery))
                    await self.sleep(_POLL_S)
        finally:
            self.outbox.release()

    async def _deliver(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        try:
            outcome = await self._outcome(session, delivery)
        except ValueError:  # it cannot be said in the channel's form: never, and no reason for the others to wait
            outcome = _UNSAYABLE
        if outcome is None:
            self.outbox.skip(delivery, self.wall())
            return
        self.outbox.settle(delivery, outcome, self.wall(), self.chance())
        if not isinstance(outcome, Answer) or outcome.status >= 300:
            log.warning("a notice of %s to %s: %s", delivery.notice.incident, delivery.channel, outcome)

    async def _outcome(self, session: aiohttp.ClientSession, delivery: Delivery) -> Outcome | None:
        channel = self.channels.get(delivery.channel)
        if channel is None:
            return None
        notice = delivery.notice
        if isinstance(notice, Change):
            return await post(session, channel.change(notice)) if isinstance(channel, ChangeChannel) else None
        if isinstance(channel, Mailer):
            return await channel.send(notice, delivery.id)
        call = channel.call(notice, delivery.id, self.wall())
        return await post(session, call) if call else None


async def send_once(channel: Channel | Mailer, notice: Notice, id_: str, now: float) -> Outcome:
    """A notice that nothing depends on, by itself."""
    if isinstance(channel, Mailer):
        return await channel.send(notice, id_)
    try:
        call = channel.call(notice, id_, now)
    except ValueError:
        call = None
    if call is None:
        return _UNSAYABLE
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as session:
        return await post(session, call)


async def post(session: aiohttp.ClientSession, call: Call) -> Outcome:
    """Whoever is asked is who is named: nothing is followed elsewhere, with what is for the channel alone."""
    headers = {"User-Agent": "oddgate", **dict(call.headers)}
    try:
        async with session.post(call.url, data=call.body, headers=headers, allow_redirects=False) as answer:
            await answer.content.read(_MAX_ANSWER)
            return Answer(answer.status, _retry_after(answer.headers.get("Retry-After", "")))
    except TimeoutError:
        return NoAnswer("timeout")
    except (aiohttp.ClientError, OSError, ValueError):  # a ValueError of a URL or headers that are none
        return NoAnswer("unreachable")


def _retry_after(said: str) -> float | None:
    return float(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
