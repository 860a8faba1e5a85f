"""A policy's file becomes a ``Policy``, or an error that names file, line and key, and says what is allowed.

What cannot be honoured is refused here, not found out in traffic: detectors and entities that do not exist, rules that can never
fire, patterns that are unsafe, and rules that would have to take back text that a stream has already released.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from policies.policy import Policy, Rule
from policies.positions import Loc, parse, read, unreadable
from policies.problems import Problem, ProblemsError, allowed
from policies.schema import problem_at, validate
from policies.verdict import Action
from policies.vocabulary import Scope


class PolicyError(ProblemsError):
    """A policy cannot be used."""


class Catalog(Protocol):
    """What there is to detect."""

    def names(self) -> Collection[str]: ...

    def entities(self, detect: str) -> Collection[str]: ...

    def pooled_entities(self, detect: str) -> Collection[str]:
        """Those that only whole sentences can be judged for, in the worker pool."""
        ...

    def pattern_problem(self, name: str, regex: str, validator: str | None) -> str | None:
        """Why this pattern cannot be used."""
        ...


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """``digest`` is a hash of what the policy says, comments and layout aside; its first 12 digits are the version that users see."""

    policy: Policy
    digest: str
    path: Path


def library() -> Path:
    """The folder of the policies that come with the package."""
    return Path(__file__).parent / "library"


def load_dir(folder: Path, catalog: Catalog) -> dict[str, LoadedPolicy]:
    """Every policy in a folder, by name. All the problems of all files are reported together."""
    problems: list[Problem] = []
    found: dict[str, LoadedPolicy] = {}
    for path in policy_files(folder):
        try:
            loaded = load_policy(path, catalog)
        except PolicyError as error:
            problems += error.problems
            continue
        other = found.setdefault(loaded.policy.name, loaded)
        if other is not loaded:
            problems.append(Problem(str(path), 1, "name", f"{loaded.policy.name} is already the name of the policy in {other.path}"))
    if problems:
        raise PolicyError(problems)
    return found


def policy_files(folder: Path) -> list[Path]:
    """``*.yaml`` but ``*.cases.yaml``, and no hidden files, which editors and mounts leave about. A ``.yml`` counts, to be refused."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise PolicyError([unreadable(folder, error)]) from None
    return [path for path in paths if path.suffix in (".yaml", ".yml") and path.name[0] != "." and not path.stem.endswith(".cases")]


def load_policy(path: Path, catalog: Catalog) -> LoadedPolicy:
    if path.suffix == ".yml":
        raise PolicyError([Problem(str(path), 0, "", "a policy's file name must end in .yaml; rename it")])
    try:
        text = read(path)
    except ProblemsError as error:
        raise PolicyError(error.problems) from None
    return load_text(text, str(path), catalog)


def load_text(text: str, file: str, catalog: Catalog) -> LoadedPolicy:
    """A policy from text; ``file`` is what problems call it."""
    try:
        root = parse(text, file)
        policy = validate(Policy, root)
    except ProblemsError as error:
        raise PolicyError(error.problems) from None
    problems = sorted((problem_at(root, loc, message) for loc, message in _objections(policy, catalog)), key=lambda p: p.line)
    if problems:
        raise PolicyError(problems)
    return LoadedPolicy(policy, _digest(policy), Path(file))


def _digest(policy: Policy) -> str:
    canonical = json.dumps(policy.model_dump(mode="json"), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


_Objection = tuple[Loc, str]


def _objections(policy: Policy, catalog: Catalog) -> Iterator[_Objection]:
    first: dict[str, int] = {}
    for index, rule in enumerate(policy.rules):
        at: Loc = ("rules", index)
        if first.setdefault(rule.id, index) != index:
            yield (*at, "id"), f"{rule.id} is already the id of rules[{first[rule.id]}]"
        if rule.detect not in catalog.names():
            yield (*at, "detect"), f"there is no detector {rule.detect}; {allowed(rule.detect, sorted(catalog.names()))}"
            continue
        for check in _CHECKS:
            for loc, message in check(policy, rule, catalog):
                yield (*at, *loc), message


def _entities(_: Policy, rule: Rule, catalog: Catalog) -> Iterator[_Objection]:
    known = {*catalog.entities(rule.detect), *(pattern.name for pattern in rule.patterns)}
    for index, entity in enumerate(rule.entities or ()):
        if entity not in known:
            yield ("entities", index), f"{rule.detect} does not find {entity}; {allowed(entity, sorted(known))}"
    for index, pattern in enumerate(rule.patterns):
        problem = catalog.pattern_problem(pattern.name, pattern.regex, pattern.validator)
        if problem:
            yield ("patterns", index, "regex"), problem


def _vanities(_: Policy, rule: Rule, __: Catalog) -> Iterator[_Objection]:
    """What would never fire, or never have an effect."""
    if not rule.scope:
        yield ("scope",), f"an empty list: the rule can never fire; {allowed('', list(Scope))}, or leave the key out for all text"
    if rule.entities == ():
        yield ("entities",), "an empty list: the rule can never fire; leave the key out for every entity"
    for key, values in (("entities", rule.entities or ()), ("scope", rule.scope)):
        for value, count in Counter(values).items():
            if count > 1:
                yield (key, values.index(value)), f"{value} is listed {count} times"
    for index, pattern in enumerate(rule.patterns):
        if rule.entities and pattern.name not in rule.entities:
            yield ("patterns", index, "name"), f"{pattern.name} can never fire: it is not among this rule's entities; add it there"
        if rule.min_score is not None and pattern.score < rule.min_score and not (pattern.context or pattern.validator):
            yield ("patterns", index, "score"), f"{pattern.name} can never fire: its score is below this rule's min_score {rule.min_score}"
    if rule.restore and "restore" in rule.model_fields_set and rule.action is not Action.TOKENIZE:
        yield ("restore",), f"only action tokenize can be restored, and this rule's action is {rule.action}; allowed: false"


def _streams(policy: Policy, rule: Rule, catalog: Catalog) -> Iterator[_Objection]:
    """Text of an answer that is already released can be neither rewritten nor blocked. A rule that restores leaves answers alone."""
    if rule.action is Action.TOKENIZE and rule.restore:
        return
    streamed = [scope for scope in (Scope.OUTPUT, Scope.REASONING) if scope in rule.scope]
    pooled = [entity for entity in catalog.pooled_entities(rule.detect) if rule.entities is None or entity in rule.entities]
    if rule.stream or policy.is_shadow(rule) or not streamed or not pooled:
        return
    where = f"{pooled[0]} is only found in whole sentences, and scope {streamed[0]} is streamed"
    if rule.action.severity > Action.FLAG.severity:
        yield ("action",), f"{where}: {rule.action} needs a key stream; allowed: stream: sentence, stream: whole"
        return
    for key, action in (("on_error", rule.on_error), ("on_timeout", rule.on_timeout)):
        if action is Action.BLOCK:
            yield (key,), f"{where}: block needs a key stream (sentence, whole); or {key}: flag, {key}: allow"


_CHECKS: tuple[Callable[[Policy, Rule, Catalog], Iterator[_Objection]], ...] = (_entities, _vanities, _streams)
