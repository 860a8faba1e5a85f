"""What a watch knows of incidents, for its threads, one at a time: who finds something, who asks for something, who sends notices.

What people are to be told is written down before anybody can send it, so that a watch that dies in between tells nobody twice. Where
several watches share a log, one leads; the others hand over what they find, and know nothing by themselves.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from gateway.incidents.actions import Intervention
from gateway.incidents.allowed import Known
from gateway.incidents.deliver import Outcome
from gateway.incidents.incident import AGREE_S
from gateway.incidents.moved import moved
from gateway.incidents.outbox import Delivery, Outbox
from gateway.incidents.pipeline import IncidentLog, Pipeline, State, parse_state
from gateway.incidents.rootcause import Change
from gateway.incidents.stages import Deploy
from gateway.incidents.symptom import Symptom, from_bytes, to_bytes
from gateway.watch.upkeep import Upkeep
from policies.measures import Measure
from policies.signals import Level

_SAVE_S, _SHOW_S, _LEAD_S = 30.0, 1.0, 5.0
_MAX_HANDED = 1000
_MAX_EARLY = 100
_REST = 10
"""So many times as long as writing takes nothing is written down that could be told twice at worst."""
_SAID = {"metric": "metrics", "log": "logs", "trace": "traces"}

log = logging.getLogger("oddgate.watch")


class Others(Protocol):
    """The other watches that share the log. Each of them may raise OSError."""

    def hand_over(self, symptoms: Sequence[bytes]) -> None:
        """To who leads."""

    def handed(self, most: int) -> list[bytes]: ...


class Desk:
    """``make`` makes a pipeline of what is known, ``render`` what others see of it; ``wishes`` does what people have asked for, and says
    whether that was anything. ``others`` are None where there is no other watch. ``clock`` gives seconds that never go back.
    """

    def __init__(
        self,
        records: IncidentLog,
        make: Callable[[State], Pipeline],
        render: Callable[[Pipeline, float], bytes],
        wishes: Callable[[Pipeline, float], bool],
        clock: Callable[[], float],
        others: Others | None = None,
    ) -> None:
        self._records, self._make, self._render, self._wishes = records, make, render, wishes
        self._others = others
        self._clock = clock
        self._upkeep = Upkeep("incidents", clock)
        self._lock = threading.Lock()
        self._pipeline: Pipeline | None = None
        self._early: deque[tuple[Change, Deploy]] = deque(maxlen=_MAX_EARLY)
        self._has_begun = False
        self._leads_until = self._next_save = self._may_save = self._next_show = clock()
        self.unreadable = 0
        """Symptoms of other watches that were none."""

    def see(self, app: str, now: float) -> None:
        """An exchange of this application."""
        with self._lock:
            if self._pipeline:
                self._pipeline.seen(app, now)

    def take(self, found: Sequence[Symptom], now: float) -> None:
        with self._lock:
            if self._pipeline:
                self._taken(self._pipeline, found, now)
                return
        if self._others and found:
            with suppress(OSError):
                self._others.hand_over([to_bytes(each) for each in found])

    def changed(self, change: Change, settling: Deploy, now: float) -> None:
        """Something of ours was changed. Before it is known who leads it waits; where another watch does, it has seen it, too."""
        with self._lock:
            if self._pipeline:
                self._pipeline.changed(change, settling, now)
                self._save()
            elif not self._has_begun:
                self._early.append((change, settling))

    def moved(self, by_s: float) -> None:
        """The clock was set: what was known goes on as it was, as it would with a watch that begins again."""
        with self._lock:
            before = self._pipeline
            if before:
                self._pipeline = self._make(moved(parse_state(before.snapshot()), by_s))
                self._pipeline.opened, self._pipeline.faults = before.opened, before.faults
                self._save()

    def aim(self, known: Known) -> None:
        """What actions may be aimed at by now."""
        with self._lock:
            if self._pipeline:
                self._pipeline.actions.learn(known)

    def in_force(self, now: float) -> tuple[Measure, ...] | None:
        """What is done about incidents at the moment. None: this watch does not lead."""
        with self._lock:
            return self._pipeline.actions.in_force(now) if self._pipeline else None

    def acted(self) -> list[Intervention]:
        """What was done about incidents, or undone, since this was asked last."""
        with self._lock:
            return self._pipeline.actions.news() if self._pipeline else []

    def beat(self, now: float, *, is_blind: bool = False) -> None:
        """It goes on: to be called about once a second. ``now`` is how far the watch has read."""
        handed = self._handed() if self._is_leader() else ()
        with self._lock:
            pipeline = self._pipeline
            self._has_begun = True
            if pipeline is None:
                self._early.clear()
                return
            while self._early:
                pipeline.changed(*self._early.popleft(), now)
            self._taken(pipeline, handed, now)
            is_changed = self._wishes(pipeline, now)
            is_changed = bool(pipeline.tick(now, is_blind=is_blind)) or is_changed
            if is_changed or self._clock() >= self._next_save:
                self._save()
            if is_changed or self._clock() >= self._next_show:
                self._next_show = self._upkeep.again(_SHOW_S, lambda: self._records.show(self._render(pipeline, now)))

    def told(self, now: float, expires: float) -> tuple[list[Level], tuple[int, int]] | None:
        """For policies: what is other than usual at the moment, and how bad the worst open incident is, and how many there are.

        None: this watch does not lead.
        """
        with self._lock:
            return (list(_levels(self._pipeline, now, expires)), self._pipeline.worst) if self._pipeline else None

    def due(self, now: float, at_once: int) -> list[Delivery]:
        with self._lock:
            return self._pipeline.outbox.due(now, at_once) if self._pipeline else []

    def settle(self, delivery: Delivery, outcome: Outcome, now: float, chance: float) -> None:
        self._change(lambda outbox: outbox.settle(delivery, outcome, now, chance))

    def skip(self, delivery: Delivery, now: float) -> None:
        self._change(lambda outbox: outbox.skip(delivery, now))

    def release(self) -> None:
        with self._lock:
            if self._pipeline:
                self._pipeline.outbox.release()

    def close(self) -> None:
        """What is known is written down."""
        with self._lock:
            if self._pipeline:
                self._save()

    def figures(self) -> dict[str, float]:
        with self._lock:
            pipeline = self._pipeline
            is_open, opened, faults = (pipeline.worst[1], pipeline.opened, pipeline.faults) if pipeline else (0, 0, 0)
        return {"incidents_open": is_open, "incidents_opened": opened, "incident_errors": self._upkeep.errors + faults}

    def _is_leader(self) -> bool:
        """Who cannot ask goes on as before: where nobody can, somebody must tell of it."""
        if self._pipeline and self._clock() < self._leads_until:
            return True
        try:
            leads = self._records.leads()
            self._leads_until = self._clock() + _LEAD_S
        except OSError:
            self._leads_until = self._clock() + _LEAD_S  # asking may take long, and others wait
            return self._pipeline is not None
        with self._lock:
            if not leads:
                self._pipeline = None
            elif self._pipeline is None:
                self._pipeline = self._begun()
        return leads

    def _begun(self) -> Pipeline:
        """What cannot be used is left: what goes on is found again, and told again under the same id."""
        try:
            content = self._records.load()
            return self._make(parse_state(content) if content else State())
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else type(error).__name__
            log.warning("what was known of incidents cannot be used (%s): what goes on is told again", why)
            return self._make(State())

    def _handed(self) -> list[Symptom]:
        if self._others is None:
            return []
        found = []
        with suppress(OSError):
            for each in self._others.handed(_MAX_HANDED):
                try:
                    found.append(from_bytes(each))
                except ValueError:
                    self.unreadable += 1
        return found

    def _taken(self, pipeline: Pipeline, found: Iterable[Symptom], now: float) -> None:
        if pipeline.take(found, now):
            self._save()

    def _change(self, work: Callable[[Outbox], None]) -> None:
        """Nothing is done where another watch leads by now. Where much is known it is not written down each time: all of a thousand
        deliveries would wait for it.
        """
        with self._lock:
            if self._pipeline:
                work(self._pipeline.outbox)
                if self._clock() >= self._may_save:
                    self._save()
                else:
                    self._next_save = min(self._next_save, self._may_save)

    def _save(self) -> None:
        pipeline = self._pipeline
        if pipeline:
            begun = self._clock()
            self._next_save = self._upkeep.again(_SAVE_S, lambda: self._records.save(pipeline.snapshot()))
            self._may_save = self._clock() + _REST * (self._clock() - begun)


def _levels(pipeline: Pipeline, now: float, expires: float) -> Iterator[Level]:
    """In multiples of what opens an incident, by application and model."""
    highest: dict[tuple[str, str, str], Level] = {}
    for incident in pipeline.triage.incidents:
        for member in incident.members:
            symptom = member.symptom
            name = _SAID.get(symptom.modality)
            if name is None or not incident.is_active or now - member.high_at > AGREE_S:
                continue
            app, model = symptom.dimension("app"), symptom.dimension("model")
            known = highest.get((name, app, model))
            if known is None or symptom.level > known.level:
                highest[name, app, model] = Level(
                    "anomaly", name, symptom.level, expires, app, model, since=symptom.onset, evidence=incident.id
                )  # fmt: skip
    yield from highest.values()
