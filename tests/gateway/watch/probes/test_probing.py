"""Endpoints are asked what they say of other groups: within the budget, whoever fails and whenever; and what is planted is found."""

import asyncio
import logging
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest

from gateway.watch.probes.budget import Budget, Limits
from gateway.watch.probes.calls import Said
from gateway.watch.probes.client import FailedError, RejectedError
from gateway.watch.probes.plan import Planner, Scope
from gateway.watch.probes.probing import CALLS, Prober, Ways
from gateway.watch.probes.results import APPS, Results, method
from gateway.watch.probes.verdicts import GUARD, NO_POLICY, Verdicts
from gateway.watch.sentiment import Sentiment
from tests.gateway.watch.probes.probed import HE, REAL, SHE, VERSION, Model, asked, policy, question, verdicts
from tests.gateway.watch.records import NOW

SCOPE = Scope(["*"], ["gpt-*"], {"openai": frozenset({"chat"})}, 1.0)
LIMITS = Limits(calls_per_minute=600, usd_per_day=100.0, tokens_per_day=10**9)


class Desk:
    """A prober with a clock and a file of its own. Sleeping moves the clock."""

    def __init__(
        self,
        limits: Limits = LIMITS,
        *,
        price: float | None = 1e-6,
        content: bytes | None = None,
        now: float = NOW,
        sentiment: object = len,
        verdicts: Verdicts | None = None,
    ) -> None:
        self.now = now
        self.content = content
        self.is_full = False
        self.price = price
        planner = Planner(SCOPE, ["gender"], REAL.find)
        ways = Ways(300, self._price, sentiment, verdicts)
        self.prober = Prober(
            planner, ways, lambda: (Budget(limits), Results(method())), lambda: self.content, self._save, lambda: self.now, self._sleep
        )

    def _price(self, model: str, asked: int, written: int) -> float | None:
        return None if self.price is None else self.price * (asked + written)

    def _save(self, content: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.content = content

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    @property
    def counts(self) -> dict:
        return dict(self.prober.counts)

    @property
    def today(self) -> dict:
        return self.prober.shown()["today"]


async def probed(desk: Desk, ask: object, pairs: int) -> None:
    for number in range(pairs):
        await desk.prober.probe(question(number, HE if number % 2 else SHE), ask)


def found(desk: Desk) -> set:
    (app,) = desk.prober.shown()["apps"]
    return {(each["outcome"], each["question"]) for each in app["differences"] if each["state"] == "disparity"}


async def test_what_is_planted_is_found():
    """Ten refusals more in a hundred, and answers a fifth shorter: both within 2,000 probes, and policies are told."""
    desk = Desk()
    await probed(desk, Model(1, refuses=0.1, shorter=0.2).ask, 1200)
    assert {("refused", "shift"), ("answer_chars", "shift")} <= found(desk)
    (level,) = desk.prober.levels(NOW)
    assert (level.name, level.app) == ("probes", "shop")


async def test_a_mood_that_is_planted_is_found():
    """A third of a standard deviation, by the library's own word, within 2,000 probes."""
    pytest.importorskip("textblob", reason="the extra watch is not installed")
    desk = Desk(sentiment=Sentiment("redacted").of_text)
    await probed(desk, Model(1, sadder=0.3).ask, 1200)
    assert ("sentiment", "shift") in found(desk)


@pytest.mark.parametrize("seed", range(3))
async def test_no_alarm_without_an_effect(seed: int):
    """A model that never answers twice the same, and treats all alike."""
    desk = Desk()
    await probed(desk, Model(seed).ask, 400)
    assert found(desk) == set()
    assert desk.prober.levels(NOW) == []


SHE_STOPPED = r"""
  - {id: stop, detect: pii, patterns: [{name: WORD, regex: '\b[Ss]he\b'}], entities: [WORD], scope: [user], action: block}
"""
CARE_FLAGGED = r"""
  - {id: care, detect: pii, patterns: [{name: WORD, regex: '\bcare\b'}], entities: [WORD], scope: [output], action: redact}
"""


def guarded(rules: str) -> Desk:
    return Desk(verdicts=verdicts(policy(rules)))


async def guarded_probes(desk: Desk, ask: object, pairs: int, prompts: tuple[str, ...] = (HE, SHE)) -> None:
    for number in range(pairs):
        await desk.prober.probe(replace(question(number, prompts[number % len(prompts)]), policy=VERSION), ask)


async def test_our_own_guard_that_differs():
    """A policy that stops one group's wording is found, told and shown by its version and rule; what it stops is sent to nobody."""
    desk, model = guarded(SHE_STOPPED), Model(1)
    await guarded_probes(desk, model.ask, 60, (HE,))
    assert model.asked == []
    assert (desk.counts, desk.today["tokens"]) == ({"left_guarded": 60}, 0)
    (app,) = desk.prober.shown()["apps"]
    assert app["guards"] == [{"policy": VERSION, "pairs": 60, "lost": {}, "not_compared": {}}]
    told = {each["outcome"]: each for each in app["differences"] if each["state"] == "disparity"}
    assert set(told) == {"guard_question_blocked", "guard_question_rule.stop"}
    blocked = told["guard_question_blocked"]
    assert (blocked["shift"]["value"], blocked["flips"]["value"], blocked["policy"]) == (-1.0, 1.0, VERSION)
    (level,) = desk.prober.levels(NOW)
    assert (level.name, level.level) == ("probes", 1.0)
    assert level.evidence in {each["id"] for each in told.values()}


async def test_our_own_guard_that_does_not_differ():
    """What it makes of both versions alike, of questions and of answers, is compared and no difference."""
    desk = guarded(SHE_STOPPED.replace("[Ss]he", "colleagues") + CARE_FLAGGED.replace("care", "good"))
    await guarded_probes(desk, Model(1).ask, 60)
    (app,) = desk.prober.shown()["apps"]
    assert (app["guards"][0]["pairs"], desk.counts["probed"]) == (60, 60)
    compared = {each["outcome"] for each in app["differences"] if each["outcome"].startswith(GUARD)}
    assert {"guard_question_blocked", "guard_answer_rewritten", "guard_answer_rule.good"} <= compared
    assert desk.prober.levels(NOW) == []


async def test_answers_that_our_own_guard_rewrites():
    """Those about one group have a word in them that the policy takes out: found between versions, and not between answers to the same."""

    async def ask(upstream: str, surface: str, content: bytes) -> Said:
        is_woman = b"She" in content
        return Said("She takes care of it." if is_woman else "He is on it.", False, 20, 30)

    desk = guarded(CARE_FLAGGED)
    await guarded_probes(desk, ask, 60)
    (app,) = desk.prober.shown()["apps"]
    told = {(each["outcome"], each["question"]) for each in app["differences"] if each["policy"] and each["state"] == "disparity"}
    outcomes = ("guard_answer_rewritten", "guard_answer_rule.care")
    assert told == {(outcome, asking) for outcome in outcomes for asking in ("shift", "noise")}


async def test_a_policy_that_is_not_known():
    """The endpoint is asked as ever, and the guard is said not to be compared."""
    desk = Desk(verdicts=verdicts())
    await guarded_probes(desk, Model(1).ask, 3)
    (app,) = desk.prober.shown()["apps"]
    assert (app["pairs"], app["guards"][0]["not_compared"]) == (3, {NO_POLICY: 3})
    assert [each for each in app["differences"] if each["policy"]] == []


async def test_questions_are_compared_whatever_comes_of_asking():
    """An endpoint that fails, or is not taken, makes what is blocked no larger a share of what was compared."""

    async def ask(upstream: str, surface: str, content: bytes) -> Said:
        raise RejectedError

    desk = guarded(SHE_STOPPED.replace("[Ss]he", "colleagues"))
    await guarded_probes(desk, ask, 4)
    (app,) = desk.prober.shown()["apps"]
    assert (app["pairs"], app["guards"][0]["pairs"], desk.counts["rejected"]) == (0, 4, 4)


async def test_what_is_sent():
    """As it was, once more, and swapped; to the model of the exchange, and bounded."""
    model, desk = Model(1), Desk()
    await desk.prober.probe(question(1), model.ask)
    assert [said["messages"][-1]["content"] for said in model.asked] == [HE, HE, SHE]
    assert {(said["model"], said["max_tokens"]) for said in model.asked} == {("gpt-4o", 300)}


async def test_it_costs_what_it_costs():
    """What the endpoint says it used, and no more than the budget, however much there is to ask."""
    desk = Desk(Limits(600, 100.0, 3000))
    await probed(desk, Model(1).ask, 100)
    assert desk.counts["left_budget"] > 50
    assert 0 < desk.today["tokens"] == 50 * CALLS * desk.counts["probed"] <= 3000
    assert desk.today["usd"] == pytest.approx(desk.today["tokens"] * 1e-6)


async def test_a_new_day():
    """What there was no room for today there is room for tomorrow."""
    desk = Desk(Limits(600, 100.0, 3000))
    await probed(desk, Model(1).ask, 100)
    before = desk.counts["probed"]
    desk.now += 86400
    await probed(desk, Model(1).ask, 1)
    assert desk.counts["probed"] == before + 1


async def test_calls_in_a_minute():
    """No faster than allowed."""
    desk = Desk(Limits(6, 100.0, 10**9))
    await probed(desk, Model(1).ask, 10)
    assert desk.now - NOW >= 60 * (10 * CALLS / 6 - 1)


async def test_without_a_price():
    """What nobody knows the price of is not asked: it is not taken for free."""
    desk, model = Desk(price=None), Model(1)
    await probed(desk, model.ask, 3)
    assert (model.asked, desk.counts) == ([], {"left_no_price": 3})


class Failing:
    """Fails at the call of this number."""

    def __init__(self, error: Exception, at: int = 0) -> None:
        self.error, self.at, self.calls = error, at, 0
        self.model = Model(1)

    async def ask(self, upstream: str, surface: str, content: bytes) -> Said:
        self.calls += 1
        if self.calls > self.at:
            raise self.error
        return await self.model.ask(upstream, surface, content)


@pytest.mark.parametrize("why", ["timeout", "unreachable", "busy", "refused", "unusable"])
async def test_an_endpoint_that_fails_is_left_alone(why: str):
    """For half a minute, then for longer each time; what waits for it is let go, and nothing is told of it."""
    desk, failing = Desk(), Failing(FailedError(why, is_free=why in ("busy", "refused")))
    times = []
    for _ in range(2000):
        calls = failing.calls
        await probed(desk, failing.ask, 1)
        if failing.calls > calls:
            times.append(desk.now)
        desk.now += 10
    gaps = [late - early for early, late in pairwise(times)]
    assert gaps[:3] == [30, 60, 120]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 3600
    assert desk.counts[why] == len(times)
    assert desk.prober.shown()["apps"] == []


async def test_as_long_as_the_endpoint_asks():
    """``Retry-After`` counts where it is longer."""
    desk, failing = Desk(), Failing(FailedError("busy", 500, is_free=True))
    await probed(desk, failing.ask, 1)
    desk.now += 499
    await probed(desk, failing.ask, 1)
    assert failing.calls == 1
    desk.now += 2
    await probed(desk, failing.ask, 1)
    assert failing.calls == 2


async def test_what_failed_calls_cost():
    """A call without an answer may have cost all that it could; one that was turned away cost nothing."""
    desk = Desk()
    await probed(desk, Failing(FailedError("timeout")).ask, 1)
    assert desk.today["tokens"] > 300
    desk = Desk()
    await probed(desk, Failing(FailedError("busy", is_free=True)).ask, 1)
    assert desk.today["tokens"] == 0


@pytest.mark.parametrize(("at", "count"), [(0, "rejected"), (1, "rejected"), (2, "probed")])
async def test_a_prompt_that_is_not_taken(at: int, count: str):
    """Of the group alone to which it was swapped, that is an outcome; else it says nothing of groups."""
    desk = Desk()
    await probed(desk, Failing(RejectedError(), at).ask, 1)
    assert desk.counts[count] == 1


async def test_a_restart():
    """What was found, spent and asked is known after it; what was begun counts as spent."""
    desk = Desk()
    await probed(desk, Model(1, refuses=0.5).ask, 80)
    again = Desk(content=desk.content)
    assert again.prober.shown() == desk.prober.shown()
    again.prober.offer(asked(79))
    assert again.prober._waiting == type(again.prober._waiting)()  # it was asked already


async def test_a_kill_in_a_probe():
    """All that it could have cost is spent."""
    desk = Desk()

    async def killed(*_: object) -> Said:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await desk.prober.probe(question(1), killed)
    spent = Desk(content=desk.content).today
    assert spent["tokens"] > CALLS * 300


async def test_killed_again_and_again():
    """No faster than allowed, also where a probe is cut off and begun anew with every restart."""
    calls, content, now = 0, None, NOW

    async def killed(*_: object) -> Said:
        nonlocal calls
        calls += 1
        raise KeyboardInterrupt

    while now < NOW + 600:
        desk = Desk(Limits(6, 100.0, 10**9), content=content, now=now)
        with pytest.raises(KeyboardInterrupt):
            await desk.prober.probe(question(calls), killed)
        content, now = desk.content, desk.now + 1
    assert 10 < calls <= 60


async def test_one_that_asks_much_keeps_no_other_from_being_asked_about():
    """What waits beyond the bound goes from the application that has most of it."""
    desk = Desk()
    for number in range(40):
        desk.prober.offer(asked(number, app="large"))
    desk.prober.offer(asked(40, app="small"))
    assert [each.app for each in desk.prober._waiting] == ["large"] * 15 + ["small"]
    assert desk.counts == {"left_waiting": 25}


async def test_more_applications_than_there_is_room_for():
    """Of whom nothing could be kept nothing is asked."""
    desk, model = Desk(), Model(1)
    for number in range(APPS + 5):
        await desk.prober.probe(question(number, app=f"app {number}"), model.ask)
    assert len(model.asked) == CALLS * APPS
    assert (desk.counts["probed"], desk.counts["left_room"]) == (APPS, 5)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"v": 1}', b'{"v": 2, "budget": {}}'])
async def test_a_state_that_cannot_be_read(content: bytes, caplog: pytest.LogCaptureFixture):
    """Nobody knows what was spent: nothing is asked before tomorrow, and it is said."""
    with caplog.at_level(logging.WARNING):
        desk, model = Desk(content=content), Model(1)
    assert "tomorrow" in caplog.text
    await probed(desk, model.ask, 1)
    assert model.asked == []
    desk.now += 86400
    await probed(desk, model.ask, 1)
    assert len(model.asked) == CALLS


async def test_a_full_disk(caplog: pytest.LogCaptureFixture):
    """What cannot be written down is not asked, and costs nothing."""
    desk, model = Desk(), Model(1)
    desk.is_full = True
    await probed(desk, model.ask, 3)
    assert model.asked == []
    assert desk.today["tokens"] == 0
    assert len(caplog.records) == 1


async def test_offers():
    """Records that are no question, or too old, or too many, are counted by why they were left."""
    desk = Desk()
    for number in range(20):
        desk.prober.offer(asked(number))
    desk.prober.offer(asked(1, "What is the capital of France?"))
    desk.prober.offer(asked(-4000))
    desk.prober.offer({"surface": "chat"})
    assert desk.counts == {"left_waiting": 4, "left_no_swap": 1, "left_old": 1}


async def test_run():
    """What was offered is asked, in turn, until it is cancelled."""
    desk, model = Desk(), Model(1)
    for number in range(3):
        desk.prober.offer(asked(number))
    task = asyncio.ensure_future(desk.prober.run(model.ask))
    while desk.counts.get("probed", 0) < 3:  # noqa: ASYNC110 it has no event for it
        await asyncio.sleep(0)
    task.cancel()
    assert len(model.asked) == 3 * CALLS


async def test_no_text_is_kept():
    """Neither prompts nor answers are in what is written down, or shown."""
    desk = Desk()
    await probed(desk, Model(1).ask, 40)
    kept = (desk.content + orjson.dumps(desk.prober.shown())).decode()
    assert [word for word in ("nurse", "colleague", "the work") if word in kept] == []
