"""New versions of policies beside the old ones, while the gateway runs: whose turn it is, how often each side blocks, and what comes of it.

A trial is one new version against one old one. As soon as the test can tell their block rates apart by more than the policy allows, the new
version is rolled back: it gets no more exchanges, also after a restart, until its own file changes (not one that it builds on) or somebody
says so. Where it can tell that they do not differ by more, it may be promoted, and gets them all. Tallies are this process's own, and begin
anew with it.

The test takes exchanges for independent, and no caller may decide: of those that bring one session's or user's label a few count (see
``policies.rollout``). Exchanges without a label all count, and whoever can make labels up counts as many callers.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Literal

from gateway.proxy.reload import Snapshot
from gateway.telemetry.record import Exchange
from gateway.wire.codec import encode
from gateway.wire.model import Json
from policies.load import LoadedPolicy
from policies.policy import Rollout
from policies.rollout import Callers, Compared, Comparison, Tally, compare, is_new
from policies.subject import Subject
from policies.verdict import Action
from policies.vocabulary import Mode

MAX_BYTES = 1 << 20
_MAX_SETTLED = 1000
_COMPARED_EVERY = 25
"""Exchanges: a comparison costs a tenth of a millisecond, and the test allows any."""
_VERSION = 2

Act = Literal["promote", "rollback", "reset"]
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

    def note(self, side: Side, blocked: bool, caller: tuple[str, str] | None) -> Comparison | None:
        """One more exchange; the result of the comparison where that is news. ``caller``: whose it is, as far as labels tell."""
        if caller and not self.callers.counts((side, caller)):
            return None
        if side == "old":
            self.old = self.old.plus(blocked)
        else:
            self.new = self.new.plus(blocked)
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


class Rollouts:
    """Owned by the app. ``memory`` is None where it is lost: then every new version waits, rolled back, until somebody says otherwise.

    ``counted`` is told the new version's name, the side and the decision of every exchange of a trial; ``changed`` what is news of a trial:
    a state, or ``different`` or ``alike`` where the policy asks for nothing to be done about it.
    """

    def __init__(
        self,
        key: bytes,
        memory: Memory | None,
        clock: Callable[[], float],
        counted: Callable[[str, Side, str], None],
        changed: Callable[[Trial, str], None],
    ) -> None:
        self._key = key
        self._clock = clock
        self._counted = counted
        self._changed = changed
        self._is_lost = memory is None
        self._memory = OrderedDict(memory or {})
        self._trials: dict[str, Trial] = {}
        self._of: dict[str, tuple[Trial, ...]] = {}
        self._sides: dict[str, tuple[tuple[Trial, Side], ...]] = {}
        self.is_unsaved = False

    def take_up(self, snapshot: Snapshot) -> None:
        """These policies are in force. A trial whose versions are the same goes on."""
        trials: dict[str, Trial] = {}
        for name, loaded in sorted(snapshot.policies.items()):
            if rollout := loaded.policy.rollout:
                trial = _trial(loaded, snapshot.policies[rollout.of], rollout)
                known = self._trials.get(name)
                same = known is not None and (known.version, known.of_version) == (trial.version, trial.of_version)
                trials[name] = known if known and same else self._remembered(trial)
        self._is_lost = False
        self._trials = trials
        self._of = {of: tuple(each for each in trials.values() if each.of == of) for of in {each.of for each in trials.values()}}
        self._sides = _by_version(trials.values())

    def _remembered(self, trial: Trial) -> Trial:
        trial.settled = self._memory.get(trial.version)
        if trial.settled is None and self._is_lost:
            self._settle(trial, State.ROLLED_BACK, "loss")
        elif trial.settled is None and (before := self._last_settled(trial.name)) and before.holds_for(trial.own):
            self._remember(trial, before)
        return trial

    def _last_settled(self, name: str) -> Settled | None:
        """What became last of any version of this name."""
        return next((self._memory[version] for version in reversed(self._memory) if _name(version) == name), None)

    def turn(self, of: str, subject: Subject, request_id: str) -> str | None:
        """The new version, by its name, that decides an exchange which is ``of``'s: the first whose turn it is."""
        for trial in self._of.get(of, ()):
            if trial.takes(subject, request_id, self._key):
                return trial.name
        return None

    def note(self, exchange: Exchange) -> None:
        """An exchange is over."""
        for trial, side in self._sides.get(exchange.policy, ()):
            decision = _decision(exchange, trial.is_shadow[side])
            self._counted(trial.name, side, decision)
            found = trial.note(side, decision in ("block", "would_block"), _caller(exchange, trial.rollout))
            if found is not None:
                self._conclude(trial, found)

    def _conclude(self, trial: Trial, found: Comparison) -> None:
        if found is Comparison.DIFFERENT and trial.rollout.on_difference == "rollback":
            self._settle(trial, State.ROLLED_BACK, "test")
        elif found is Comparison.ALIKE and trial.rollout.on_equal == "promote":
            self._settle(trial, State.PROMOTED, "test")
        elif found is not Comparison.OPEN:
            self._changed(trial, found.value)

    def act(self, name: str, act: Act) -> Json:
        """What somebody says is done. Raises KeyError where nothing of that name is rolled out."""
        trial = self._trials[name]
        if act == "reset":
            trial.settled, trial.old, trial.new, trial.compared, trial.callers = None, Tally(), Tally(), None, Callers()
            settled = [version for version in self._memory if _name(version) == name]
            self.is_unsaved |= bool(settled)
            for version in settled:
                del self._memory[version]
            self._changed(trial, State.RUNNING.value)
        else:
            self._settle(trial, State.PROMOTED if act == "promote" else State.ROLLED_BACK, "hand")
        return trial.status()

    def _settle(self, trial: Trial, state: State, by: str) -> None:
        self._remember(trial, Settled(state, by, self._clock(), trial.own))
        self._changed(trial, state.value)

    def _remember(self, trial: Trial, settled: Settled) -> None:
        trial.settled = self._memory[trial.version] = settled
        self._memory.move_to_end(trial.version)
        if len(self._memory) > _MAX_SETTLED:
            self._memory.popitem(last=False)
        self.is_unsaved = True

    def warnings(self) -> list[str]:
        return [trial.warning for trial in self._trials.values() if trial.warning]

    def status(self) -> list[Json]:
        return [trial.status() for trial in self._trials.values()]

    def memory(self) -> bytes:
        """What ``remembered`` reads again."""
        return encode({"v": _VERSION, "settled": {version: asdict(each) for version, each in self._memory.items()}})


def remembered(content: bytes | None) -> Memory | None:
    """None where it cannot be read."""
    if content is None:
        return {}
    try:
        kept = json.loads(content)
        if kept["v"] != _VERSION:
            return None
        settled = list(kept["settled"].items())[-_MAX_SETTLED:]
        return {name: Settled(State(each["state"]), str(each["by"]), float(each["at"]), str(each["own"])) for name, each in settled}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _trial(new: LoadedPolicy, old: LoadedPolicy, rollout: Rollout) -> Trial:
    is_shadow: dict[Side, bool] = {"new": new.policy.mode is Mode.SHADOW, "old": old.policy.mode is Mode.SHADOW}
    return Trial(new.policy.name, new.version, new.own, old.policy.name, old.version, rollout, is_shadow)


def _name(version: str) -> str:
    return version.partition("@")[0]


def _caller(exchange: Exchange, rollout: Rollout) -> tuple[str, str] | None:
    label = exchange.user or exchange.session if rollout.by == "user" else exchange.session or exchange.user
    return (exchange.app, label) if label else None


def _by_version(trials: Iterable[Trial]) -> dict[str, tuple[tuple[Trial, Side], ...]]:
    """Which trials an exchange belongs to that a version has decided, and on which side."""
    found: dict[str, tuple[tuple[Trial, Side], ...]] = {}
    for trial in trials:
        found[trial.version] = ((trial, "new"),)
        found[trial.of_version] = (*found.get(trial.of_version, ()), (trial, "old"))
    return found


def _decision(exchange: Exchange, is_shadow: bool) -> str:
    """What was decided, or would have been, where the whole policy only says what it would do."""
    decision = exchange.decision
    if is_shadow and decision != "block" and _would_block(exchange):
        return "would_block"
    return decision


def _would_block(exchange: Exchange) -> bool:
    parts = (exchange.request, exchange.response)
    fired = any(action == "block" and shadow for part in parts for _, action, shadow, _ in part.counts)
    return fired or any(unread.action is Action.BLOCK for part in parts for unread in part.unread)


def _shown(tally: Tally) -> Json:
    return {"exchanges": tally.exchanges, "blocked": tally.blocked, "rate": round(tally.rate, 6)}
