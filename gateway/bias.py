"""What the watch does about bias, put together: disparities that are seen in the traffic, and probes, where the settings ask for them.

Each has a thread of its own, so that neither the store nor the other is held up.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial

from gateway.config import Config, Upstream, WatchProbes
from gateway.prices import Prices, shipped
from gateway.proxy.keeping import read_file, replace_file
from gateway.watch import biasing, probing
from gateway.watch.biasing import Biasing
from gateway.watch.bulletin import LASTS_S, Bulletin
from gateway.watch.disparities import Disparities
from gateway.watch.disparities import method as disparity_method
from gateway.watch.loop import Loop
from gateway.watch.probe_budget import Budget, Limits
from gateway.watch.probe_calls import ANTHROPIC_VERSION
from gateway.watch.probe_http import Asker, Endpoint
from gateway.watch.probe_plan import SURFACES, Planner, Scope
from gateway.watch.probe_results import Results
from gateway.watch.probe_results import method as probe_method
from gateway.watch.probing import Price, Prober, Ways
from gateway.watch.row import Record, parse_said
from gateway.watch.sentiment import Sentiment
from gateway.watch.status import BIAS_NAME
from gateway.watch.store import Sink
from gateway.watch.worker import Tally, Worker
from gateway.wire.model import Usage

PART = "bias"
"""What it is called on the bulletin."""
_BATCH_BYTES = 256 << 10
_MOST_BEHIND = 16 << 20
"""Bytes of the journal: what is known of exchanges so long ago is not told as if it were so now."""
_OF_MESSAGES = frozenset({"messages"})
_ASK_S, _AGAIN_S, _END_S = 0.2, 5.0, 10.0

log = logging.getLogger("oddgate.watch")


class Bias:
    """``bulletin`` takes what policies are told. ``wall`` and ``clock`` give seconds, since 1970 and never going back."""

    def __init__(self, config: Config, bulletin: Bulletin, wall: Callable[[], float], clock: Callable[[], float]) -> None:
        self._config = config
        self._bulletin = bulletin
        self._wall, self._clock = wall, clock
        self._prober = prober(config, wall) if config.watch.probes.enabled else None
        self._biasing: Biasing | None = None
        self._is_behind = False
        self._faults = 0
        self._threads: list[threading.Thread] = []

    def start(self, stop: threading.Event) -> None:
        works: list[tuple[str, Callable[[], None]]] = [("bias", lambda: self._loop().run(stop))]
        if self._prober:
            works.append(("probes", lambda: asyncio.run(self._ask(stop))))
        for name, work in works:
            thread = threading.Thread(target=self._run, args=(name, work, stop), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """What is not written down by now, the next watch learns from the journal."""
        for thread in self._threads:
            thread.join(_END_S)

    def figures(self) -> dict[str, float]:
        return {"bias_errors": (self._biasing.errors if self._biasing else 0) + self._faults}

    def _run(self, name: str, work: Callable[[], None], stop: threading.Event) -> None:
        """Until ``stop`` is set, also after a fault of ours: the store goes on."""
        while not stop.is_set():
            try:
                work()
            except Exception as error:  # noqa: BLE001 the last line of this thread
                self._faults += 1
                log.error("%s broke off (%s), and begins again", name, type(error).__name__)  # noqa: TRY400 no text of it
                stop.wait(_AGAIN_S)

    def _loop(self) -> Loop[Record]:
        def work(sink: Sink[Record], tally: Tally) -> Worker[Record]:
            return Worker(self._config.journal.dir, sink, self._wall, tally, parse_said, _BATCH_BYTES)

        return Loop("bias", work, self._open, _nothing, self._say, self._wall, self._clock)

    def _open(self) -> Biasing:
        """Where it was when its state was last written down."""
        folder = self._config.watch.dir
        self._biasing = Biasing(
            lambda: Disparities(disparity_method()),
            Sentiment(self._config.store.keep_text).of,
            self._prober,
            partial(read_file, folder / biasing.STATE, biasing.MAX_STATE),
            partial(replace_file, folder / biasing.STATE),
            partial(replace_file, folder / BIAS_NAME),
            self._tell,
            self._clock,
        )
        return self._biasing

    def _say(self, figures: dict[str, float]) -> None:
        self._is_behind = figures["lag"] > _MOST_BEHIND
        if self._biasing:
            self._biasing.beat(self._wall())

    def _tell(self, known: Disparities, now: float) -> None:
        if not self._is_behind:
            expires = now + LASTS_S
            probed = self._prober.levels(expires) if self._prober else []
            self._bulletin.tell(PART, [*known.levels(expires), *probed], now)

    async def _ask(self, stop: threading.Event) -> None:
        if self._prober is None:
            return
        async with Asker(endpoints(self._config), self._config.watch.probes.timeout_s) as asker, asyncio.TaskGroup() as group:
            task = group.create_task(self._prober.run(asker.ask))
            while not stop.is_set() and not task.done():  # noqa: ASYNC110 it is another thread's event
                await asyncio.sleep(_ASK_S)
            task.cancel()


def prober(config: Config, wall: Callable[[], float]) -> Prober:
    settings, folder = config.watch.probes, config.watch.dir
    upstreams = {name: frozenset(each.headers) for name, each in endpoints(config).items()}
    return Prober(
        Planner(Scope(settings.apps, settings.models, upstreams, settings.share), settings.attributes),
        Ways(settings.answer_tokens, _price(config), Sentiment(config.store.keep_text).of_text),
        partial(_nothing_known, settings),
        partial(read_file, folder / probing.STATE, probing.MAX_STATE),
        partial(replace_file, folder / probing.STATE),
        wall,
    )


def endpoints(config: Config) -> dict[str, Endpoint]:
    """Those that have a key of the settings, with the surfaces on which they can be asked."""
    return {each.name: Endpoint(each.base_url, _headers(each)) for each in config.upstreams if each.api_key and each.dialect != "azure"}


def _headers(upstream: Upstream) -> dict[str, dict[str, str]]:
    """By surface."""
    surfaces = {"openai": SURFACES - _OF_MESSAGES, "anthropic": _OF_MESSAGES}.get(upstream.dialect, SURFACES)
    own = {name: value.get_secret_value() for name, value in upstream.headers.items()}
    key = upstream.api_key.get_secret_value() if upstream.api_key else ""
    of_messages = {"anthropic-version": ANTHROPIC_VERSION, **own, "x-api-key": key}
    return {surface: of_messages if surface in _OF_MESSAGES else {**own, "Authorization": f"Bearer {key}"} for surface in surfaces}


def _price(config: Config) -> Price:
    prices = Prices((*config.prices, *shipped()))
    return lambda model, asked, written: prices.cost_usd(model, [Usage(asked, written)])


def _nothing_known(settings: WatchProbes) -> tuple[Budget, Results]:
    limits = Limits(settings.per_minute, settings.usd_per_day, settings.tokens_per_day)
    return Budget(limits), Results(probe_method())


def _nothing() -> None: ...
