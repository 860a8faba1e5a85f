"""Probes, put together: who is asked with which key, what it may cost, by which policies both versions are judged, and whose turn it is
where several watches share their records.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from functools import cache, partial

from detectors.contract import TextDetector
from detectors.registry import Catalog, DetectorError
from gateway.config import Config
from gateway.config.serving import Upstream
from gateway.config.watch import WatchProbes
from gateway.prices import Prices, shipped
from gateway.proxy.keeping import read_file, replace_file
from gateway.proxy.plans import Detectors
from gateway.proxy.versions import Versions
from gateway.storage.opening import reader_name
from gateway.storage.turn import Turn
from gateway.watch.probes.budget import Budget, Limits
from gateway.watch.probes.calls import ANTHROPIC_VERSION
from gateway.watch.probes.client import Asker, Endpoint
from gateway.watch.probes.plan import SURFACES, Planner, Scope
from gateway.watch.probes.probing import MAX_STATE, STATE, Ask, Price, Prober, Ways
from gateway.watch.probes.real_values import RealValues
from gateway.watch.probes.results import Results, method
from gateway.watch.probes.verdicts import Verdicts
from gateway.watch.sentiment import Sentiment
from gateway.watch.store import SinkError
from gateway.wire.model import Usage
from policies.load import library, load_dir
from policies.policy import Policy, Rule

_OF_MESSAGES = frozenset({"messages"})
_LOOK_S, _TURN_S = 0.2, 5.0

log = logging.getLogger("oddgate.watch")


class Probes:
    """``prober`` is who asks; where watches are shared, nobody does as long as it is another one's turn. ``clock`` gives seconds that never
    go back. Raises what ``Turn`` does.
    """

    def __init__(self, config: Config, wall: Callable[[], float], clock: Callable[[], float]) -> None:
        self._config, self._wall, self._clock = config, wall, clock
        watch = config.watch
        self._turn = Turn(config.state.url.get_secret_value(), reader_name(watch.dir)) if watch.shared else None
        path = watch.dir / STATE
        self.prober = None if self._turn else self._made(partial(read_file, path, MAX_STATE), partial(replace_file, path))

    def _made(self, load: Callable[[], bytes | None], save: Callable[[bytes], None]) -> Prober:
        return prober(self._config, self._wall, self._clock, load, save)

    def run(self, stop: threading.Event) -> None:
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        async with Asker(endpoints(self._config), self._config.watch.probes.timeout_s) as asker:
            while not stop.is_set():
                if self._turn and not self.prober:
                    self.prober = await asyncio.to_thread(self._begun, self._turn)
                if self.prober:
                    await self._ask(self.prober, asker.ask, stop)
                else:
                    await _sleep(_TURN_S, stop)

    async def _ask(self, prober: Prober, ask: Ask, stop: threading.Event) -> None:
        """As long as it is our turn. What is cut off counts as spent."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(prober.run(ask))
            while not stop.is_set() and not task.done():
                await _sleep(_TURN_S, stop)
                if self._turn and not await asyncio.to_thread(_is_ours, self._turn):
                    self.prober = None
                    break
            task.cancel()

    def _begun(self, turn: Turn) -> Prober | None:
        """Nobody knows what was spent where nothing is written down."""
        try:
            said = turn.take()
        except SinkError:
            return None
        log.info("it is this watch's turn to ask what endpoints say of other groups")
        return self._made(lambda: said or b"", turn.save)


def _is_ours(turn: Turn) -> bool:
    """Where that cannot be told, nothing can be written down, and so nothing is asked."""
    try:
        return turn.is_ours()
    except SinkError:
        return True


async def _sleep(seconds: float, stop: threading.Event) -> None:
    """It is another thread's event."""
    while seconds > 0 and not stop.is_set():
        await asyncio.sleep(_LOOK_S)
        seconds -= _LOOK_S


def prober(
    config: Config,
    wall: Callable[[], float],
    clock: Callable[[], float],
    load: Callable[[], bytes | None],
    save: Callable[[bytes], None],
) -> Prober:
    settings = config.watch.probes
    upstreams = {name: frozenset(each.headers) for name, each in endpoints(config).items()}
    return Prober(
        Planner(Scope(settings.apps, settings.models, upstreams, settings.share), settings.attributes, RealValues.built().find),
        Ways(settings.answer_tokens, _price(config), Sentiment(config.store.keep_text).of_text, verdicts(config, clock)),
        partial(_nothing_known, settings),
        load,
        save,
        wall,
    )


def verdicts(config: Config, clock: Callable[[], float]) -> Verdicts:
    """By the policies that the gateway has kept by their versions, or that come with the package, and its own detectors."""
    kept = Versions(config.policies.keep_dir)

    @cache
    def shipped_policies() -> dict[str, Policy]:
        return {loaded.version: loaded.policy for loaded in load_dir(library(), Catalog()).values()}

    def find(version: str) -> Policy | None:
        try:
            return kept.find(version) or shipped_policies().get(version)
        except OSError:
            return None

    def detectors(rule: Rule) -> Sequence[TextDetector] | None:
        try:
            return Detectors(config.detectors.pii).of(rule)
        except DetectorError:
            return None

    return Verdicts(find, detectors, clock)


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
    return Budget(limits), Results(method())
