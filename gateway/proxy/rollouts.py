"""New versions of policies beside the old ones, while the gateway runs: whose turn it is, how often each side blocks, and what comes of it.

A trial is one new version against one old one. As soon as the test can tell their block rates apart by more than the policy allows, the new
version is rolled back: it gets no more exchanges, also after a restart, until its own file changes (not one that it builds on) or somebody
says so. Where it can tell that they do not differ by more, it may be promoted, and gets them all. Tallies are this process's own, and begin
anew with it. Of several workers one leads: it is given the evidence of all (``take_evidence``, ``weigh``), decides alone, and the others do
as it says (``adopt``).

The test takes exchanges for independent, and no caller may decide: of those that bring one session's or user's label a few count (see
``policies.rollout``). Exchanges without a label all count, and whoever can make labels up counts as many callers.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Literal

from gateway.proxy.reload import Snapshot
from gateway.proxy.trials import Evidence, Memory, Settled, Side, State, Trial, trial_of
from gateway.telemetry.record import Exchange
from gateway.wire.codec import encode
from gateway.wire.model import Json
from policies.policy import Rollout
from policies.rollout import Callers, Comparison, Tally
from policies.subject import Subject
from policies.verdict import Action

MAX_BYTES = 1 << 20
_MAX_SETTLED = 1000
_MAX_EVIDENCE = 10_000
"""That waits for the worker that leads; what comes beyond does not count."""
_VERSION = 2

Act = Literal["promote", "rollback", "reset"]


class Rollouts:
    """Owned by the app. ``memory`` is None where it is lost: then every new version waits, rolled back, until somebody says otherwise.
    ``leads``: whether this worker decides, and not another one.

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
        *,
        leads: bool = True,
    ) -> None:
        self._key = key
        self._clock = clock
        self._counted = counted
        self._changed = changed
        self._leads = leads
        self._evidence: list[Evidence] = []
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
                trial = trial_of(loaded, snapshot.policies[rollout.of], rollout)
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
            blocked = decision in ("block", "would_block")
            said = Evidence(trial.version, trial.of_version, side, blocked, _caller(exchange, trial.rollout))
            if self._leads:
                self._weigh(trial, said)
            elif len(self._evidence) < _MAX_EVIDENCE:
                self._evidence.append(said)

    def take_evidence(self) -> list[Evidence]:
        """What there is for the worker that leads, since this was last asked."""
        taken, self._evidence = self._evidence, []
        return taken

    def weigh(self, evidence: Iterable[Evidence]) -> None:
        """Of other workers; what is of other versions than are in force here does not count."""
        trials = {(trial.version, trial.of_version): trial for trial in self._trials.values()}
        for said in evidence:
            if trial := trials.get((said.version, said.of_version)):
                self._weigh(trial, said)

    def adopt(self, memory: Memory) -> None:
        """What the worker that leads says has become of new versions."""
        self._memory = OrderedDict(memory)
        for trial in self._trials.values():
            self._remembered(trial)
        self.is_unsaved = False

    def _weigh(self, trial: Trial, said: Evidence) -> None:
        found = trial.note(said)
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
    fired = any(action == "block" and shadow for part in parts for _, _, action, shadow, _ in part.counts)
    return fired or any(unread.action is Action.BLOCK for part in parts for unread in part.unread)
