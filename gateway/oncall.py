"""What the watch does for people on call, put together: finders of what is not as usual, the desk, and who sends notices.

Each has a thread of its own, so that neither the store nor the other is held up.
"""

import asyncio
import hashlib
import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial

from gateway import alerts, shown_incidents
from gateway.acting import known_to, known_with_policies
from gateway.config import Config
from gateway.desk import Desk
from gateway.detecting.causes import Causes
from gateway.detecting.changes import Changes, settling
from gateway.detecting.exchanges import Exchanges
from gateway.detecting.looking import Looking
from gateway.detecting.received import Received
from gateway.detecting.shares import Shares
from gateway.detecting.states import States
from gateway.detecting.steps import Steps
from gateway.incidents.actions import Actions, line
from gateway.incidents.allowed import Known
from gateway.incidents.moved import not_ahead
from gateway.incidents.notice import ChangeChannel
from gateway.incidents.pipeline import Pipeline, State, Told
from gateway.incidents.rootcause import Change
from gateway.incidents.sending import Sender
from gateway.incidents.stages import Deploy
from gateway.incidents.symptom import Symptom
from gateway.keyfile import secret_key
from gateway.leaving import measures_writer
from gateway.proxy.keeping import read_file, replace_file
from gateway.proxy.measures import seal_measures
from gateway.storage.ask_box import AskBox, SharedAskBox
from gateway.storage.incident_log import FileLog, SharedLog
from gateway.storage.opening import reader_name
from gateway.telemetry.condition import condition
from gateway.telemetry.observed import LogSeen, Point, SpanSeen
from gateway.watch.beside import beside
from gateway.watch.bulletin import LASTS_S, Bulletin
from gateway.watch.drift.episodes import Episode
from gateway.watch.finding import MAX_STATE, STATE, Finder, Finding
from gateway.watch.loop import Loop
from gateway.watch.row import Record, Row, Said, parse_said
from gateway.watch.store import Sink
from gateway.watch.threads import Threads
from gateway.watch.worker import Tally, Worker
from policies.load import PolicyError
from policies.measures import Measure

PART = "incidents"
"""What it is called on the bulletin."""
_BATCH_BYTES = 256 << 10
_MOST_BEHIND = 1 << 20
"""Bytes of the journal: what happened so long ago is not what goes on."""
_ASK_S = 0.2
_PAST_S = 30.0
"""What the journal says of longer ago is no news of who is silent now."""
_LOOK_S = 10.0
"""How often what other parts know is looked at, and measures that are in force are left again."""

log = logging.getLogger("oddgate.watch")


class Heard:
    """What others sent, seen by one thread, as a finder of another: what was found is told by the one that knows of exchanges, too.

    Of more than ``MAX_FOUND`` between two ticks the newest are told: what goes on is found again. ``wall`` gives seconds since 1970: where
    the journal is read of long ago, what others sent is read at a pace of its own.
    """

    MAX_FOUND = 1000

    def __init__(self, received: Received, wall: Callable[[], float]) -> None:
        self._received, self._wall = received, wall
        self._found: deque[Symptom] = deque(maxlen=self.MAX_FOUND)
        self._lock = threading.Lock()

    def observe(self, seen: Point | SpanSeen | LogSeen) -> None:
        with self._lock:
            self._found.extend(self._received.observe(seen))

    def take(self, record: Record) -> Iterable[Symptom]:
        return ()

    def tick(self, now: float) -> Iterable[Symptom]:
        with self._lock:
            found = [*self._found, *self._received.tick(now, is_past=self._wall() - now > _PAST_S)]
            self._found.clear()
        return found

    def snapshot(self) -> bytes:
        with self._lock:
            return self._received.snapshot()

    def restore(self, data: bytes) -> None:
        with self._lock:
            self._received.restore(data)


class OnCall:
    """``drifts`` are those that go on. ``wall`` and ``clock`` give seconds, since 1970 and never going back; ``read`` makes of a line of
    the journal what it says.
    """

    def __init__(
        self,
        config: Config,
        bulletin: Bulletin,
        drifts: Callable[[], Sequence[Episode]],
        wall: Callable[[], float],
        clock: Callable[[], float],
        read: Callable[[bytes], Said] = parse_said,
    ) -> None:
        self._config, self._bulletin, self._drifts, self._read = config, bulletin, drifts, read
        self._wall, self._clock = wall, clock
        settings = config.alerts
        self._key = secret_key(config)
        self._channels = alerts.channels(settings)
        self._shares, self._states, self._steps, changes = Shares(), States(), Steps(), Changes()
        self._causes = Causes(changes, self._steps.ranking, self._key)
        self._exchanges = Exchanges(partial(alerts.objective, settings), settings.usd_per_day)
        self._leave = measures_writer(config, reader_name(config.watch.dir))
        self._left: tuple[Measure, ...] | None = None
        self._box = SharedAskBox(_url(config), self._key) if config.watch.shared else AskBox(config.watch.dir, self._key)
        shared = SharedLog(_url(config), reader_name(config.watch.dir)) if config.watch.shared else None
        self.desk = Desk(shared or FileLog(config.watch.dir), self._pipeline, self._render, self._wishes, clock, shared)
        self.heard = Heard(Received(), wall)
        self._finding: Finding[Symptom] | None = None
        self._figures: Mapping[str, float] = {}
        self._set: tuple[float, float] | None = None
        """When the clock was set ahead, as it was then, and by how much."""
        self._next_look = clock()
        self._is_behind = self._has_unread = False
        self._faults = 0
        self._threads = Threads()

    def start(self, stop: threading.Event) -> None:
        """Where others' records are read, they come by ``beside`` and ``beat``."""
        works: list[tuple[str, Callable[[], None]]] = [] if self._config.watch.shared else [("incidents", lambda: self._loop().run(stop))]
        if self._channels:
            works.append(("notices", lambda: asyncio.run(self._send(stop))))
        for name, work in works:
            self._threads.start(name, work, stop)

    def end(self) -> None:
        """What is not written down by now, the next watch learns from the journal."""
        self._threads.end()
        self.desk.close()

    def beside(self, open_sink: Callable[[], Sink[Row]]) -> Callable[[], Sink[Row]]:
        """Opens what takes all that the other sink takes, for those that read no journal."""
        return beside(open_sink, lambda: self._finding or self._open())

    def beat(self) -> None:
        """It goes on."""
        finding = self._finding
        if finding is None:
            return
        finding.beat(is_behind=self._has_unread)
        is_time, wall = self._clock() >= self._next_look, self._wall()
        if is_time:
            self._next_look = self._clock() + _LOOK_S
            self._look(finding.now)
        self.desk.beat(finding.now, is_blind=self._is_behind)
        self._act(wall, again=is_time)
        if (said := self.desk.told(finding.now, wall + LASTS_S)) and not self._is_behind:
            self._bulletin.tell(PART, said[0], wall, said[1])

    def hear(self, figures: Mapping[str, float]) -> None:
        """What the watch says of itself."""
        self._figures = figures

    def figures(self) -> dict[str, float]:
        errors = (self._finding.errors if self._finding else 0) + self._faults + self._threads.faults
        said = self.desk.figures()
        return {**said, "incident_errors": said["incident_errors"] + errors, "asks_refused": self._box.unusable}

    def _open(self) -> Finding[Symptom]:
        """Where it was when its state was last written down."""
        path = self._config.watch.dir / STATE
        finders: dict[str, Finder[Symptom]] = {
            "steps": self._steps,
            "received": self.heard,
            "looking": Looking(self._exchanges, self._shares, self._states, self._causes),
        }
        load, save = partial(read_file, path, MAX_STATE), partial(replace_file, path)
        self._finding = Finding(finders, load, save, self._see, self._found, self._wall, self._clock, self._moved)
        digest = hashlib.sha256(self._config.model_dump_json().encode()).hexdigest()[:12]  # which has no secrets
        for change in self._causes.configured(digest, self._wall()):
            if each := settling(change):
                self._changed(change, each)
        return self._finding

    def _moved(self, by_s: float) -> None:
        """The clock was set."""
        finding = self._finding
        self._set = (finding.now - by_s, by_s) if finding and by_s > 0 else None
        self._shares.moved(by_s)
        self.desk.moved(by_s)

    def _found(self, found: Sequence[Symptom], now: float) -> None:
        """What began before the clock was set ahead is as old as it was."""
        if self._set:
            before, by_s = self._set
            found = [replace(each, onset=each.onset + by_s) if each.onset <= before else each for each in found]
        self.desk.take(found, now)

    def _changed(self, change: Change, settles: Deploy) -> None:
        self.desk.changed(change, settles, self._finding.now if self._finding else change.at)

    def _see(self, record: Record, now: float) -> None:
        app = record.get("app")
        self.desk.see(app if isinstance(app, str) else "", now)

    def _look(self, now: float) -> None:
        """At what other parts of the watch know."""
        if self._config.actions.allow:
            self.desk.aim(self._aims())
        states, levels = self._states, self._bulletin.said("bias")
        figures = {**self._figures, **condition(self._config.watch.dir, self._wall())}
        self._found([*states.figures(figures, now), *states.drift(self._drifts(), now), *states.bias(levels, now)], now)

    def _act(self, wall: float, *, again: bool) -> None:
        """Leaves the measures that are in force to the path: what is new at once, and what is not from time to time; and none, once."""
        for each in self.desk.acted():
            log.warning("action: %s, for %s", line(each), each.incidents[0])
        measures = self.desk.in_force(wall)
        if measures is None or (measures == self._left and not (again and measures)):
            return
        try:
            self._leave(seal_measures(measures, wall, self._key))
        except OSError:
            self._faults += 1
        else:
            self._left = measures

    def _pipeline(self, state: State) -> Pipeline:
        settings = self._config.alerts
        hear_changes = frozenset(name for name, channel in self._channels.items() if isinstance(channel, ChangeChannel))
        told = Told(alerts.router(settings, state.told), alerts.resent(settings), alerts.links(settings), hear_changes)
        actions = Actions(self._config.actions, self._aims())
        return Pipeline(told, self._causes, self._shares.of, settings.learning_h * 3600, actions, not_ahead(state, self._wall()))

    def _aims(self) -> Known:
        """What actions may be aimed at."""
        if not self._config.actions.allow:
            return known_to(self._config)
        from detectors.registry import Catalog

        try:
            return known_with_policies(self._config, Catalog())
        except (PolicyError, OSError) as error:
            log.warning("actions cannot aim at rules: policies cannot be read (%s)", type(error).__name__)
            return known_to(self._config)

    def _wishes(self, pipeline: Pipeline, now: float) -> bool:
        """What people have asked for. Raises nothing."""
        try:
            asks = self._box.take()
        except OSError as error:
            self._faults += 1
            if self._faults == 1:
                log.warning("what people ask of the watch cannot be read: %s", error.strerror)
            return False
        for ask in asks:
            try:
                pipeline.apply(ask, now)
            except ValueError as error:
                log.warning("what was asked cannot be done: %s", error)
        return bool(asks)

    def _render(self, pipeline: Pipeline, now: float) -> bytes:
        state = pipeline.triage.state
        return shown_incidents.render(
            self._wall(),
            state.incidents,
            {id_: [self._causes.said(hint) for hint in hints] for id_, hints in pipeline.hints.items()},
            {each.id: pipeline.similar(each) for each in state.incidents if each.is_active},
            pipeline.outbox.state.history,
            pipeline.outbox.state.dead,
            state.silences,
            [asdict(each) for each in pipeline.actions.interventions],
            self._causes.changes,
            {"opened": pipeline.opened, "waiting": len(pipeline.outbox.waiting)},
        )

    async def _send(self, stop: threading.Event) -> None:
        sender = Sender(self.desk, self._channels, self._wall, random.random)
        task = asyncio.ensure_future(sender.run())
        while not stop.is_set() and not task.done():  # noqa: ASYNC110 it is another thread's event
            await asyncio.sleep(_ASK_S)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def _loop(self) -> Loop[Record]:
        def work(sink: Sink[Record], tally: Tally) -> Worker[Record]:
            return Worker(self._config.journal.dir, sink, self._wall, tally, self._read, _BATCH_BYTES)

        return Loop("incidents", work, lambda: self._finding or self._open(), _nothing, self._say, self._wall, self._clock)

    def _say(self, figures: dict[str, float]) -> None:
        self._has_unread, self._is_behind = figures["lag"] > 0, figures["lag"] > _MOST_BEHIND
        self.beat()


def _url(config: Config) -> str:
    return config.state.url.get_secret_value()


def _nothing() -> None: ...
