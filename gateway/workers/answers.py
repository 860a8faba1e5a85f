"""What a worker says and does when it is asked: by the admin side in its own process, or through its link."""

import os
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry

from gateway.proxy.admin import Health
from gateway.proxy.inforce import InForce
from gateway.proxy.reviewqueue import ReviewQueue, as_label
from gateway.proxy.rollouts import Act, remembered
from gateway.proxy.trials import Evidence
from gateway.telemetry.instruments import Instruments, Reading
from gateway.telemetry.merged import told
from gateway.wire.model import Json
from gateway.workers import link
from policies.labels import ReviewLabel


class WorkerAnswers:
    """See ``admin.Workers``. ``problems`` says why it serves nothing (yet), ``outages`` what does not work while it serves."""

    def __init__(
        self,
        instruments: Instruments,
        readings: Sequence[Reading],
        in_force: InForce,
        reviews: ReviewQueue,
        problems: Callable[[], list[str]],
        outages: Callable[[], list[str]] = list,
    ) -> None:
        self._instruments = instruments
        self._readings = readings
        self._in_force = in_force
        self._reviews = reviews
        self._problems = problems
        self._outages = outages

    async def metrics(self) -> CollectorRegistry:
        return self._instruments.registry

    async def health(self) -> Health:
        is_degraded = self._in_force.is_degraded
        degraded = ["policies: the folder cannot be used, and the last good ones are in force"] if is_degraded else []
        return Health(self._problems(), degraded + self._outages())

    async def policy_status(self) -> Json:
        return {"workers": [await self._status()]}

    async def rollouts(self) -> list[Json]:
        return self._in_force.rollouts.status()

    async def act(self, name: str, act: Act) -> Json:
        return await self._in_force.act(name, act)

    async def waiting(self, limit: int) -> list[Json]:
        return self._reviews.shown(limit)

    async def label(self, request_id: str, label: ReviewLabel) -> Json:
        return self._reviews.label(request_id, label)

    def by_name(self) -> link.Answers:
        """For a link. What comes by it was checked before it was sent."""
        return {
            "is_up": self._is_up,
            "told": self._told,
            "health": self._health,
            "status": self._status,
            "rollouts": self.rollouts,
            "act": self.act,
            "waiting": self.waiting,
            "label": self._label,
            "evidence": self._evidence,
            "weigh": self._weigh,
            "adopt": self._adopt,
        }

    async def _is_up(self) -> Json:
        """It is not asked before it serves."""
        return None

    async def _told(self) -> Json:
        return told(self._instruments, self._readings)

    async def _health(self) -> Json:
        health = await self.health()
        return [health.not_ready, health.degraded]

    async def _status(self) -> Json:
        return {"pid": os.getpid(), **self._in_force.status()}

    async def _label(self, request_id: str, label: str) -> Json:
        said = as_label(label)
        return await self.label(request_id, said) if said else None

    async def _evidence(self) -> Json:
        return list(map(list, self._in_force.rollouts.take_evidence()))

    async def _weigh(self, evidence: Json) -> Json:
        """What has become of new versions, now that this is known."""
        rollouts = self._in_force.rollouts
        rollouts.weigh([Evidence(version, of, side, blocked, caller and tuple(caller)) for version, of, side, blocked, caller in evidence])
        return rollouts.memory().decode()

    async def _adopt(self, memory: str) -> Json:
        known = remembered(memory.encode())
        if known is not None:
            self._in_force.rollouts.adopt(known)
        return None
