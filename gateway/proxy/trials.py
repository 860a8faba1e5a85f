"""One new version of a policy beside an old one: whose turn it is, and how often each side blocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from gateway.wire.model import Json
from policies.load import LoadedPolicy
from policies.policy import Rollout
from policies.rollout import Callers, Compared, Comparison, Tally, compare, is_new
from policies.subject import Subject
from policies.vocabulary import Mode

_COMPARED_EVERY = 25
"""Exchanges: a comparison costs a tenth of a millisecond, and the test allows any."""

Side = Literal["old", "new"]


class State(StrEnum):
    RUNNING = "running"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Settled:
    """What has become of a new version. ``by``: ``test``, ``hand``, or ``loss``, where nobody knows what had become of it. ``own`` tells
    what its own file said (see ``LoadedPolicy``).
    """

    state: State
    by: str
    at: float
    own: str = ""

    def holds_for(self, own: str) -> bool:
        """Whether a version of the same name, whose own file says this, is rolled back as well; also where that is in doubt."""
        return self.state is State.ROLLED_BACK and (self.own == own or not (self.own and own))


Memory = Mapping[str, Settled]
"""By version: ``NAME@DIGEST12``."""


class Evidence(NamedTuple):
    """What an exchange says of a trial. ``caller``: whose it is, as far as labels tell."""

    version: str
    of_version: str
    side: Side
    blocked: bool
    caller: tuple[str, str] | None


@dataclass(slots=True)
class Trial:
    """One new version against one old one."""

    name: str
    version: str
    own: str
    of: str
    of_version: str
    rollout: Rollout
    is_shadow: Mapping[Side, bool]
    settled: Settled | None = None
    old: Tally = field(default_factory=Tally)
    new: Tally = field(default_factory=Tally)
    compared: Compared | None = None
    callers: Callers = field(default_factory=Callers)

    @property
    def state(self) -> State:
        return self.settled.state if self.settled else State.RUNNING

    def takes(self, subject: Subject, request_id: str, key: bytes) -> bool:
        if self.settled:
            return self.settled.state is State.PROMOTED
        return is_new(self.rollout, self.name, subject, request_id, key)

    def note(self, said: Evidence) -> Comparison | None:
        """One more exchange; the result of the comparison where that is news."""
        if said.caller and not self.callers.counts((said.side, said.caller)):
            return None
        if said.side == "old":
            self.old = self.old.plus(said.blocked)
        else:
            self.new = self.new.plus(said.blocked)
        if self.settled or (self.old.exchanges + self.new.exchanges) % _COMPARED_EVERY:
            return None
        before = self.compared.comparison if self.compared else Comparison.OPEN
        self.compared = compare(self.rollout, self.old, self.new)
        return None if self.compared.comparison is before else self.compared.comparison

    def status(self) -> Json:
        compared = compare(self.rollout, self.old, self.new)
        return {
            "name": self.name,
            "version": self.version,
            "of": self.of,
            "of_version": self.of_version,
            "state": self.state.value,
            "settled": {"by": self.settled.by, "at": self.settled.at} if self.settled else None,
            "percent": {State.RUNNING: self.rollout.percent, State.PROMOTED: 100.0, State.ROLLED_BACK: 0.0}[self.state],
            "by": self.rollout.by,
            "old": _shown(self.old),
            "new": _shown(self.new),
            "difference": {"low": round(compared.low, 6), "high": round(compared.high, 6)},
            "comparison": compared.comparison.value,
            "max_difference": self.rollout.max_difference,
            "error_rate": self.rollout.error_rate,
            "warning": self.warning,
        }

    @property
    def warning(self) -> str | None:
        """What is easily overlooked."""
        if self.state is not State.PROMOTED:
            return None
        return f"{self.of} gets no exchanges, whatever is edited in it: {self.name} is promoted, and decides them all"


def trial_of(new: LoadedPolicy, old: LoadedPolicy, rollout: Rollout) -> Trial:
    is_shadow: dict[Side, bool] = {"new": new.policy.mode is Mode.SHADOW, "old": old.policy.mode is Mode.SHADOW}
    return Trial(new.policy.name, new.version, new.own, old.policy.name, old.version, rollout, is_shadow)


def _shown(tally: Tally) -> Json:
    return {"exchanges": tally.exchanges, "blocked": tally.blocked, "rate": round(tally.rate, 6)}
