"""Asks endpoints what they say of other groups: a probe at a time, off the path, within its budget and never beyond it.

What a probe can cost is written down before its first call, so that whoever ends this process, the budget holds. An endpoint that is busy,
that cannot be reached or takes too long is left alone for a while, longer each time. Questions wait in memory alone, a few at most; of
answers nothing is kept but how they compare.
"""

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson

from gateway.watch.probes.budget import Budget, Cost
from gateway.watch.probes.calls import Said, body, most_input_tokens
from gateway.watch.probes.client import FailedError, RejectedError
from gateway.watch.probes.pairs import Guarded, Sentiment, guard_pair, pair
from gateway.watch.probes.plan import Left, Planner, Question, Record
from gateway.watch.probes.results import Json, Results, StateError
from gateway.watch.probes.verdicts import Verdicts
from policies.signals import Level

VERSION = 3
STATE = "probes-state"
"""The file in which what was spent, and found, outlasts the process."""
MAX_STATE = 16 << 20
CALLS = 3
"""Of a probe: as it was, once more, and swapped."""
_WAITING = 16
_MAX_AGE_S = 3600.0
_DONE = 500
"""Exchanges that were probed and are known: what is read of the journal again is not asked again."""
_IDLE_S = 0.5
_FIRST_PAUSE_S, _MAX_PAUSE_S = 30.0, 3600.0

Ask = Callable[[str, str, bytes], Awaitable[Said]]
"""Upstream, surface and body. Raises ``RejectedError`` and ``FailedError``."""
Price = Callable[[str, int, int], float | None]
"""What so many tokens of a model's input and output cost, in US dollars; None: not known."""

log = logging.getLogger("oddgate.watch")


@dataclass(frozen=True, slots=True)
class Ways:
    """``price`` and ``sentiment`` (None: of no text) say what they are asked, ``verdicts`` what the policies would make of it (None: nobody
    knows); ``answer_tokens`` are allowed to each answer.
    """

    answer_tokens: int
    price: Price
    sentiment: Sentiment | None = None
    verdicts: Verdicts | None = None


class Prober:
    """``offer`` is for another thread than ``run``. ``load`` and ``save`` keep the state; both may raise OSError. ``wall`` gives seconds
    since 1970.
    """

    def __init__(
        self,
        planner: Planner,
        ways: Ways,
        make: Callable[[], tuple[Budget, Results]],
        load: Callable[[], bytes | None],
        save: Callable[[bytes], None],
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._planner, self._ways, self._save, self._wall, self._sleep = planner, ways, save, wall, sleep
        self._waiting: deque[Question] = deque()
        self._pauses: dict[str, tuple[float, float]] = {}
        """By upstream: until when it is left alone, and for how long that is."""
        self._done: deque[str] = deque(maxlen=_DONE)
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._budget, self._results = make()
        try:
            self._restore(load())
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            log.warning("what probes have shown, and cost, cannot be read (%s): they begin anew, tomorrow", type(error).__name__)
            self._budget, self._results = make()
            self._budget.close_day(wall())
            self._done.clear()
            self.counts.clear()

    def _restore(self, content: bytes | None) -> None:
        if content is None:
            return
        said = orjson.loads(content)
        if said["v"] != VERSION:
            raise StateError("it is of another version")
        self._budget.restore(said["budget"])
        for _ in range(CALLS if said["asking"] else 0):  # what was cut off may have been asked just now
            self._budget.note_call(self._wall())
        self._results.restore(said["results"], self._wall())
        self._done.extend(map(str, said["done"]))
        self.counts.update({str(name): int(count) for name, count in said["counts"].items()})

    def offer(self, record: Record) -> None:
        """A record that was read: perhaps a question is made of it."""
        try:
            question = self._planner.plan(record)
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
            return
        if isinstance(question, Left):
            self._count(f"left_{question.value}")
        elif question and abs(self._wall() - question.ts) > _MAX_AGE_S:
            self._count("left_old")
        elif question and not self._is_done(question.request_id):
            self._wait_for(question)

    def _wait_for(self, question: Question) -> None:
        """Of too many goes the last of the application that has most of them: much traffic of one keeps no other from being asked about."""
        with self._lock:
            self._waiting.append(question)
            if len(self._waiting) > _WAITING:
                apps = Counter(each.app for each in self._waiting)
                busiest = max(apps, key=apps.__getitem__)
                del self._waiting[max(at for at, each in enumerate(self._waiting) if each.app == busiest)]
                self.counts["left_waiting"] += 1

    def _is_done(self, request_id: str) -> bool:
        with self._lock:
            return request_id in self._done

    async def run(self, ask: Ask) -> None:
        """Until it is cancelled."""
        while True:
            with self._lock:
                question = self._waiting.popleft() if self._waiting else None
            if question:
                await self.probe(question, ask)
            else:
                await self._sleep(_IDLE_S)

    async def probe(self, question: Question, ask: Ask) -> None:
        """If there is room for it, and nothing speaks against it."""
        until, _ = self._pauses.get(question.upstream, (0.0, 0.0))
        most = self._most(question)
        if self._wall() < until:
            self._count("left_paused")
        elif not self._results.has_room(question.app):
            self._count("left_room")
        elif most is None:
            self._count("left_no_price")
        elif not self._budget.reserve(most, self._wall()):
            self._count("left_budget")
        else:
            with self._lock:
                self._done.append(question.request_id)
            spent = most if self._keep(is_asking=True) else Cost(0.0, 0)
            if spent is most:
                spent = await self._probe(question, ask)
            self._budget.settle(most, spent)
            self._keep()

    async def _probe(self, question: Question, ask: Ask) -> Cost:
        """What it has cost."""
        costs: list[Cost] = []
        if self._ways.verdicts:
            await self._guarded(question, ask, self._ways.verdicts, costs)
        else:
            await self._asked(question, ask, costs)
        return Cost(sum(cost.usd for cost in costs), sum(cost.tokens for cost in costs))

    async def _guarded(self, question: Question, ask: Ask, verdicts: Verdicts, costs: list[Cost]) -> None:
        """If our own guard would stop either version, neither goes to anybody. Compared they are in any case, whatever comes of asking."""
        original, swapped = [verdicts.of_question(question, prompt) for prompt in (question.prompt, question.swapped)]
        answers: list[tuple[str, Said]] = []
        if original.is_blocked or swapped.is_blocked:
            self._count("left_guarded")
        else:
            answers = await self._asked(question, ask, costs)
        guarded = Guarded(original, swapped, tuple([verdicts.of_answer(question, prompt, said.text) for prompt, said in answers]))
        with self._lock:
            self._results.update_guard(question.app, question.policy, guard_pair(question, guarded), guarded.untold, self._wall())

    async def _asked(self, question: Question, ask: Ask, costs: list[Cost]) -> list[tuple[str, Said]]:
        """Each prompt that was answered, with its answer; none where the probe came to nothing."""
        try:
            original = await self._call(question, question.prompt, ask, costs)
            twin = await self._call(question, question.prompt, ask, costs)
            swapped = await self._swapped(question, ask, costs)
        except RejectedError:
            self._count("rejected")
            return []
        except FailedError as failed:
            self._count(failed.why)
            self._pause(question.upstream, failed.pause_s)
            return []
        self._pauses.pop(question.upstream, None)
        with self._lock:
            self._results.update(question.app, pair(question, original, twin, swapped, self._ways.sentiment), self._wall())
        self._count("probed")
        known = [(question.prompt, original), (question.prompt, twin)]
        return known if swapped is None else [*known, (question.swapped, swapped)]

    async def _swapped(self, question: Question, ask: Ask, costs: list[Cost]) -> Said | None:
        """None: the endpoint takes it of one group, and not of the other."""
        try:
            return await self._call(question, question.swapped, ask, costs)
        except RejectedError:
            return None

    async def _call(self, question: Question, prompt: str, ask: Ask, costs: list[Cost]) -> Said:
        """Raises ``RejectedError`` and ``FailedError``."""
        while wait_s := self._budget.wait_s(self._wall()):
            await self._sleep(wait_s)
        self._budget.note_call(self._wall())
        self._count("calls")
        limit = self._ways.answer_tokens
        most = self._cost(question, most_input_tokens(question.system, prompt), limit)
        content = body(question.surface, question.model, question.system, prompt, limit, question.temperature)
        try:
            said = await ask(question.upstream, question.surface, content)
        except FailedError as failed:
            if not failed.is_free:
                costs.append(most)
            raise
        asked, written = said.input_tokens, said.output_tokens
        is_told = asked is not None and written is not None
        costs.append(self._cost(question, asked or 0, written or 0) if is_told else most)
        return said

    def _cost(self, question: Question, asked: int, written: int) -> Cost:
        return Cost(self._ways.price(question.model, asked, written) or 0.0, asked + written)

    def _most(self, question: Question) -> Cost | None:
        """What the probe can cost at most; None: nobody knows."""
        if self._ways.price(question.model, 1, 1) is None:
            return None
        asked = max(most_input_tokens(question.system, prompt) for prompt in (question.prompt, question.swapped))
        a_call = self._cost(question, asked, self._ways.answer_tokens)
        return Cost(CALLS * a_call.usd, CALLS * a_call.tokens)

    def _pause(self, upstream: str, asked_s: float) -> None:
        _, last_s = self._pauses.get(upstream, (0.0, 0.0))
        pause_s = min(_MAX_PAUSE_S, max(_FIRST_PAUSE_S, 2 * last_s))
        pause_s = max(pause_s, asked_s)
        self._pauses[upstream] = (self._wall() + pause_s, pause_s)

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def _keep(self, *, is_asking: bool = False) -> bool:
        """Whether it is written down."""
        with self._lock:
            said = {
                "v": VERSION, "budget": self._budget.snapshot(), "results": self._results.snapshot(), "done": list(self._done),
                "counts": dict(self.counts), "asking": is_asking,
            }  # fmt: skip
            content = orjson.dumps(said)
        try:
            self._save(content)
        except OSError as error:
            self._count("not_kept")
            if self.counts["not_kept"] == 1:
                log.warning("what probes cost cannot be written down, so nothing is asked: %s", error.strerror or error)
            return False
        return True

    def levels(self, expires: float) -> list[Level]:
        with self._lock:
            return self._results.levels(expires)

    def shown(self) -> Json:
        with self._lock:
            budget = self._budget
            return {
                "pairs": self._results.pairs,
                "counts": dict(self.counts),
                "today": {"usd": round(budget.usd, 6), "tokens": budget.tokens},
                "ignored": self._results.ignored,
                "apps": self._results.shown(),
            }
