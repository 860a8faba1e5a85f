"""The policies in force while the gateway runs: begun with, watched, swapped as one, and rolled out side by side.

What was in force last and what has become of rollouts is kept in a folder of the settings', so that neither a broken policy folder nor a
restart undoes it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from detectors.contract import Factory
from detectors.registry import DetectorError
from gateway.guard.kept import KeepText
from gateway.guard.plan import Plan
from gateway.proxy.keeping import read_file, replace_file, signed, unsigned
from gateway.proxy.lastgood import LastGood, UnusableError
from gateway.proxy.plans import Detectors, Plans
from gateway.proxy.reload import PolicyFolder, Rejected, Reloaded, Snapshot
from gateway.proxy.rollouts import MAX_BYTES, Act, Rollouts, remembered
from gateway.proxy.trials import Memory, Side, State, Trial
from gateway.proxy.unheard import unheard
from gateway.proxy.versions import Versions
from gateway.wire.model import Json
from policies.objections import Catalog
from policies.subject import Subject
from policies.vocabulary import Mode

_POLL_S = 0.2
_SLOW_S = 10.0
_LAST_GOOD = "policies-last-good"
_ROLLOUTS = "rollouts.json"
_PURPOSE = b"oddgate: rollouts\n"

log = logging.getLogger("oddgate")


class Told(Protocol):
    """Who counts what happens."""

    def policies_reloaded(self, result: str) -> None: ...

    def rollout_counted(self, name: str, side: Side, decision: str) -> None: ...

    def rollout_changed(self, name: str, change: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Source:
    """``folder`` is None for the policies that come with the package, which need not be kept; ``required`` are names that apps' settings
    name, ``untrusted`` the labels that nobody is trusted to say; ``keep_text``: of exchanges.
    """

    folder: Path | None
    library: Path
    default: str
    required: Collection[str]
    keep_dir: Path
    untrusted: Collection[str] = ()
    keep_text: KeepText = "none"


class InForce:
    """Raises PolicyError and DetectorError at construction, where there is nothing good to begin with.

    ``leads``: whether this worker decides on rollouts and keeps what is to be kept, and not another one of the same settings.
    """

    def __init__(
        self,
        source: Source,
        catalog: Catalog,
        detectors: Detectors,
        key: bytes,
        clock: Callable[[], float],
        told: Told,
        *,
        leads: bool = True,
    ) -> None:
        self._key = key
        self._leads = leads
        self._default = source.default
        self._named = source.required
        self._untrusted = source.untrusted
        self._keep_text = source.keep_text
        self._detectors = detectors
        self._told = told
        self._catalog = catalog
        self._last_good = LastGood(source.keep_dir / _LAST_GOOD, source.folder, key) if source.folder else None
        self._versions = Versions(source.keep_dir)
        self._kept_rollouts = source.keep_dir / _ROLLOUTS
        self._saving = asyncio.Lock()
        self._folder = PolicyFolder(
            source.folder or source.library, source.default, catalog, source.required, clock, last_good=self._read_last_good
        )
        self._rejected = [str(problem) for problem in self._folder.rejected]
        self._is_slow = False
        self.rollouts = Rollouts(key, self._read_rollouts(), clock, told.rollout_counted, self._rollout_changed, leads=leads)
        self._plans = self._first_plans()
        self._take_up(self._plans)
        self._say_degraded()

    def choose(self, subject: Subject, app_policy: str | None, request_id: str) -> Plan:
        return self._plans.choose(subject, app_policy, request_id)

    def factories(self) -> list[Factory]:
        return self._plans.factories()

    @property
    def is_degraded(self) -> bool:
        """What is in force is not what the folder says."""
        return bool(self._rejected) or self._is_slow

    def status(self) -> dict[str, Json]:
        return {
            "loaded_at": self._plans.snapshot.loaded_at,
            "policies": self._plans.status(),
            "rejected": self._rejected,
            "rollouts": self.rollouts.status(),
            "warnings": self._warnings(),
        }

    async def act(self, name: str, act: Act) -> Json:
        """Raises KeyError where nothing of that name is rolled out, OSError where it could not be written down."""
        status = self.rollouts.act(name, act)
        await self._keep_rollouts()
        return status

    async def watch(self, warm: Callable[[list[Factory]], Awaitable[None]]) -> None:
        """Until it is cancelled. ``warm``: prepares the pool for new policies; raises RuntimeError."""
        if not self.is_degraded:
            await self._keep(self._plans.snapshot)
        while True:
            await asyncio.sleep(_POLL_S)
            with self._said_when_slow():
                found = await asyncio.to_thread(self._folder.poll)
                if isinstance(found, Rejected):
                    self._reject([str(problem) for problem in found.problems])
                elif found is not None:
                    await self._swap(found, warm)
            if self.rollouts.is_unsaved:
                await self.close()

    async def close(self) -> None:
        """Write down what is not yet."""
        try:
            await self._keep_rollouts()
        except OSError as error:
            _say("what has become of rollouts cannot be kept, and a restart would undo it", error)

    @contextmanager
    def _said_when_slow(self) -> Iterator[None]:
        """A folder that is not to be read to its end must not look like one that does not change."""

        def say() -> None:
            self._is_slow = True
            log.error("degraded: the policies have been read for more than %d s; those before stay in force till then", _SLOW_S)

        slow = asyncio.get_running_loop().call_later(_SLOW_S, say)
        try:
            yield
        finally:
            slow.cancel()
            self._is_slow = False

    async def _swap(self, found: Reloaded, warm: Callable[[list[Factory]], Awaitable[None]]) -> None:
        try:
            plans = await asyncio.to_thread(self._made, found.snapshot)
            await warm(plans.factories())
        except (DetectorError, RuntimeError) as error:
            self._reject([str(error)])
            return
        self._take_up(plans)
        self._rejected = []
        self._told.policies_reloaded("ok")
        log.info("policies reloaded: %s", ", ".join(found.changed) or "nothing changed")
        await asyncio.to_thread(self._detectors.keep_only, plans.rules())
        await self._keep(found.snapshot)

    def _first_plans(self) -> Plans:
        try:
            return self._made(self._folder.current)
        except DetectorError as error:
            kept = None if self._rejected else self._read_last_good()
            if kept is None:
                raise
            self._rejected = [str(error)]
            self._folder.fall_back(kept)
            return self._made(kept)

    def _made(self, snapshot: Snapshot) -> Plans:
        return Plans(snapshot, self._default, self._named, self._detectors.of, self.rollouts.turn, self._keep_text)

    def _take_up(self, plans: Plans) -> None:
        """Plans and rollouts change together: nothing is awaited in between."""
        self.rollouts.take_up(plans.snapshot)
        self._plans = plans
        for loaded in plans.snapshot.policies.values():
            for remark in loaded.remarks:
                log.warning("%s", remark)
        for name, of in _unenforced(plans.snapshot):
            log.warning("%s only says what it would do: its part of %s's exchanges is not enforced", name, of)
        for warning in self._warnings():
            log.warning("%s", warning)

    def _warnings(self) -> list[str]:
        return [*self.rollouts.warnings(), *unheard(self._plans.snapshot.policies.values(), self._untrusted)]

    def _reject(self, problems: list[str]) -> None:
        self._rejected = problems
        self._told.policies_reloaded("rejected")
        for problem in problems:
            log.error("policies not reloaded, the last good ones stay in force: %s", problem)

    def _say_degraded(self) -> None:
        if self._rejected:
            since = datetime.fromtimestamp(self._folder.current.loaded_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
            log.error("degraded: the policies cannot be used; the last good ones, of %s, are in force", since)
        for problem in self._rejected:
            log.error("policies not loaded: %s", problem)

    def _read_last_good(self) -> Snapshot | None:
        try:
            return self._last_good.read(self._catalog) if self._last_good else None
        except UnusableError as error:
            _say("the last good policies cannot be used either", error)
            return None

    async def _keep(self, snapshot: Snapshot) -> None:
        if self._last_good and self._leads:
            try:
                await asyncio.to_thread(self._last_good.keep, snapshot)
                await asyncio.to_thread(self._versions.keep, snapshot.policies.values())
            except OSError as error:
                _say("the policies cannot be kept, for a start with a broken folder and for replay", error)

    async def _keep_rollouts(self) -> None:
        """One writer at a time. Raises OSError; then it is tried again when there is more to write."""
        async with self._saving:
            if self.rollouts.is_unsaved and self._leads:
                self.rollouts.is_unsaved = False
                content = signed(self.rollouts.memory(), self._key, _PURPOSE)
                await asyncio.to_thread(replace_file, self._kept_rollouts, content)

    def _read_rollouts(self) -> Memory | None:
        """None where what was kept cannot be read, or was signed with another key."""
        try:
            content = read_file(self._kept_rollouts, MAX_BYTES)
            found = remembered(None if content is None else unsigned(content, self._key, _PURPOSE) or b"")
        except OSError:
            found = None
        if found is None:
            what = "%s is damaged, or was kept under another secret_key: new versions of policies get no exchanges until somebody says so"
            log.error(what, self._kept_rollouts)
        return found

    def _rollout_changed(self, trial: Trial, change: str) -> None:
        if not self._leads:  # it is for the one that does to say
            return
        self._told.rollout_changed(trial.name, change)
        by = trial.settled.by if trial.settled else ("hand" if change == State.RUNNING else "test")
        level = logging.WARNING if change in (State.ROLLED_BACK, "different") else logging.INFO
        sides = (trial.version, trial.of_version, change, by, trial.new.rate, trial.new.exchanges, trial.old.rate, trial.old.exchanges)
        log.log(level, "rollout of %s beside %s: %s (by %s): it blocked %.4f of %d exchanges, the old one %.4f of %d", *sides)


def _unenforced(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """New versions in shadow mode, beside old ones that are not."""
    for name, loaded in snapshot.policies.items():
        rollout = loaded.policy.rollout
        if rollout and loaded.policy.mode is Mode.SHADOW and snapshot.policies[rollout.of].policy.mode is not Mode.SHADOW:
            yield name, rollout.of


def _say(what: str, error: Exception) -> None:
    log.error("%s: %s", what, error)
