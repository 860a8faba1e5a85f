"""What the gateway shows of the watch beside it: how it is, and what its store holds, which is only read here."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TypeVar

from gateway.config import Config
from gateway.proxy.keeping import read_file
from gateway.storage.opening import open_store
from gateway.telemetry.instruments import Reading
from gateway.watch import views
from gateway.watch.status import MAX_BYTES, NAME, NOTHING, Status, parse
from gateway.watch.store import ExchangeStore, StoreError

T = TypeVar("T")


class Shown:
    """What reads the store may raise ``StoreError``. ``name`` is the file in which the watch says how it is."""

    def __init__(self, config: Config, name: str = NAME) -> None:
        self._config = config
        self._name = name

    def status(self) -> Status:
        try:
            said = read_file(self._config.watch.dir / self._name, MAX_BYTES)
        except OSError:
            return NOTHING
        return parse(said) if said else NOTHING

    async def page(self, params: Mapping[str, str]) -> views.Json:
        """Raises ``QueryError`` besides."""
        return await self._ask(lambda store: views.page(store, params))

    async def exchange(self, request_id: str) -> views.Json | None:
        return await self._ask(lambda store: views.exchange(store, request_id))

    async def _ask(self, question: Callable[[ExchangeStore], T]) -> T:
        return await asyncio.to_thread(self._asked, question)

    def _asked(self, question: Callable[[ExchangeStore], T]) -> T:
        with closing(open_to_read(self._config)) as store:
            return question(store)


def open_to_read(config: Config) -> ExchangeStore:
    """The store, of which nothing is changed. Raises ``StoreError``, also where what it needs is not installed."""
    store = config.store
    try:
        return open_store(store.url.get_secret_value(), config.journal.dir, store.retain_days, store.text_days, read_only=True)
    except RuntimeError as error:
        raise StoreError(str(error)) from None


def watch_readings(shown: Shown, now: Callable[[], float]) -> list[Reading]:
    """In their order: the first asks how the watch is, and the others say what it was told then."""
    said = NOTHING

    def up() -> float:
        nonlocal said
        said = shown.status()
        return float(said.is_alive(now()))

    def of(name: str) -> Callable[[], float]:
        return lambda: getattr(said, name)

    return [
        Reading("oddgate_watch_up", "1 while a watch says that it runs.", up),
        Reading("oddgate_watch_lag_bytes", "What is in the journal and not in the store.", of("lag_bytes")),
        Reading("oddgate_watch_lag_records", "Sent records, of all gateways, that no watch has kept.", of("lag_records")),
        Reading("oddgate_watch_kept", "Exchanges that were put into the store.", of("kept"), is_counter=True),
        Reading("oddgate_watch_unreadable", "Lines of the journal that are no records.", of("unreadable"), is_counter=True),
        Reading("oddgate_watch_store_errors", "How often the store failed.", of("store_errors"), is_counter=True),
        Reading("oddgate_watch_store_rebuilt", "How often a damaged store was begun anew.", of("store_rebuilt"), is_counter=True),
        Reading("oddgate_watch_missed_bytes", "Journal removed before it was read.", of("missed_bytes"), is_counter=True),
        Reading("oddgate_watch_otlp_lag_bytes", "What is in the journal and was not sent to the collector.", of("otlp_lag_bytes")),
        Reading("oddgate_watch_otlp_sent", "Spans that the collector took.", of("otlp_sent"), is_counter=True),
        Reading("oddgate_watch_otlp_dropped", "Spans that the collector will not take.", of("otlp_dropped"), is_counter=True),
        Reading("oddgate_watch_otlp_errors", "How often the collector failed.", of("otlp_errors"), is_counter=True),
        Reading("oddgate_drift_keys", "Applications, models and surfaces that are watched for drift.", of("drift_keys")),
        Reading("oddgate_drift_begun", "Drifts that began.", of("drift_begun"), is_counter=True),
        Reading("oddgate_drift_evicted", "Keys that went for want of room.", of("drift_evicted"), is_counter=True),
        Reading("oddgate_drift_errors", "How often what is known of drift could not be written down.", of("drift_errors"), is_counter=True),
        Reading("oddgate_bias_errors", "How often what is known of bias could not be written down.", of("bias_errors"), is_counter=True),
    ]
