"""The policies in force, made ready to run, and which of them an exchange gets."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from detectors.contract import Factory, TextDetector
from detectors.registry import Options, build
from gateway.config.detectors import PiiDetector
from gateway.guard.kept import KeepText
from gateway.guard.plan import Plan, compile_plan, options_of
from gateway.proxy.reload import Snapshot
from policies.load import LoadedPolicy
from policies.policy import Rule
from policies.select import choosable, choose
from policies.subject import Subject

_MAX_CHOICES = 4096
_MAX_MODEL = 256  # a longer name is the client's fancy, and is not kept


class Detectors:
    """Builds each configuration of a detector once, so that a reload that leaves a rule alone costs nothing. ``dressed``: what is used in
    the place of one that is built.
    """

    def __init__(self, settings: PiiDetector, dressed: Callable[[TextDetector], TextDetector] = lambda detector: detector) -> None:
        self._dressed = dressed
        self._model = str(settings.ner_model) if settings.ner_model else None
        self._cache_dir = str(settings.cache_dir)
        self._built: dict[tuple[str, Options], Sequence[TextDetector]] = {}

    def of(self, rule: Rule) -> Sequence[TextDetector]:
        """Raises DetectorError."""
        options = options_of(rule, self._model, self._cache_dir)
        name = (rule.detect, options)
        if name not in self._built:
            self._built[name] = [self._dressed(detector) for detector in build(rule.detect, options)]
        return self._built[name]

    def keep_only(self, used: Sequence[Rule]) -> None:
        """Forget what no rule asks for any more."""
        kept = {id(self.of(rule)) for rule in used}
        self._built = {name: detectors for name, detectors in self._built.items() if id(detectors) in kept}


Turn = Callable[[str, Subject, str], str | None]
"""The name of the policy that decides an exchange in the place of the named one, if a rollout's turn has come."""


class Plans:
    """Immutable but for its memory of choices; a reload makes a new one. ``turn`` is asked last, about the policy that was chosen.

    A policy that no exchange can get, neither by ``named`` (what apps' settings name) nor by where it applies, is not made ready: what its
    detectors cost, or that there are none, is nobody's concern.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        default: str,
        named: Collection[str],
        detectors_of: Callable[[Rule], Sequence[TextDetector]],
        turn: Turn = lambda name, subject, request_id: None,
        keep_text: KeepText = "none",
    ) -> None:
        self.snapshot = snapshot
        self._default = default
        self._turn = turn
        # A policy with a rollout gets its exchanges from the one that it is rolled out beside, and from nowhere else.
        self._chosen_from = {name: loaded for name, loaded in snapshot.policies.items() if loaded.policy.rollout is None}
        ready = choosable(snapshot.policies, default, named)
        self._plans: Mapping[str, Plan] = {name: compile_plan(snapshot.policies[name], detectors_of, keep_text) for name in sorted(ready)}
        self._choices: OrderedDict[tuple[str, str, str, str | None], Plan] = OrderedDict()

    def choose(self, subject: Subject, app_policy: str | None, request_id: str) -> Plan:
        plan = self._choose(subject, app_policy)
        new = self._turn(plan.policy.name, subject, request_id)
        return plan if new is None else self._plans[new]

    def _choose(self, subject: Subject, app_policy: str | None) -> Plan:
        name = (subject.app, subject.model, subject.surface, app_policy)
        plan = self._choices.get(name)
        if plan is None:
            loaded = choose(self._chosen_from, subject, app_policy, self._default)
            plan = self._plans[loaded.policy.name]
            if len(subject.model) <= _MAX_MODEL:
                self._choices[name] = plan
            if len(self._choices) > _MAX_CHOICES:
                self._choices.popitem(last=False)
        return plan

    def factories(self) -> list[Factory]:
        """What pool workers will be asked for."""
        found = {
            detector.digest: detector.factory for plan in self._plans.values() for check in plan.on_request.all for detector in check.pooled
        }
        return list(found.values())

    def status(self) -> list[dict[str, object]]:
        """Of all that are loaded."""
        return [_status(loaded, self._default, is_choosable=name in self._plans) for name, loaded in sorted(self.snapshot.policies.items())]

    def rules(self) -> list[Rule]:
        """All that may be run."""
        return [check.rule for plan in self._plans.values() for check in plan.on_request.all]


def _status(loaded: LoadedPolicy, default: str, *, is_choosable: bool) -> dict[str, object]:
    policy = loaded.policy
    return {
        "name": policy.name,
        "version": loaded.version,
        "digest": loaded.digest,
        "file": Path(loaded.path).name,
        "mode": policy.mode.value,
        "rules": len(policy.rules),
        "is_default": policy.name == default,
        "is_choosable": is_choosable,
    }
