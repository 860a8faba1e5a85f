"""A policy's file becomes a ``Policy``, or an error that names file, line and key, and says what is allowed.

What cannot be honoured is refused here, not found out in traffic: detectors and entities that do not exist, rules that can never
fire, patterns that are unsafe, and rules that would have to take back text that a stream has already released.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from policies import calibration
from policies.extend import extend
from policies.objections import Catalog, objections
from policies.policy import Policy
from policies.positions import Node, content, parse, read, unreadable
from policies.problems import Problem, ProblemsError, allowed
from policies.schema import problem_at, validate


class PolicyError(ProblemsError):
    """A policy cannot be used."""


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """``digest`` is a hash of what the policy says, comments and layout aside; its first 12 digits are the version that users see."""

    policy: Policy
    digest: str
    path: Path
    layers: tuple[str, ...] = ()
    """The files that it was merged from, ground first (see ``extend``)."""
    origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Where each rule's words stand, ground first, as ``file:line``."""
    remarks: tuple[Problem, ...] = ()
    """What is amiss without keeping it from being used."""
    own: str = ""
    """A hash of what its file says itself, without what that builds on."""

    @property
    def version(self) -> str:
        """``NAME@DIGEST12``, as users see it: in headers, records and reports."""
        return f"{self.policy.name}@{self.digest[:12]}"


def library() -> Path:
    """The folder of the policies that come with the package."""
    return Path(__file__).parent / "library"


def load_dir(folder: Path, catalog: Catalog) -> dict[str, LoadedPolicy]:
    """Every policy in a folder, by name. All the problems of all files are reported together."""
    problems: list[Problem] = []
    found: dict[str, LoadedPolicy] = {}
    shelf = Shelf(folder)
    for path in policy_files(folder):
        try:
            loaded = _calibrated(_load(shelf.parsed(path), path, catalog, shelf))
        except ProblemsError as error:
            problems += error.problems
            continue
        other = found.setdefault(loaded.policy.name, loaded)
        if other is not loaded:
            problems.append(Problem(str(path), 1, "name", f"{loaded.policy.name} is already the name of the policy in {other.path}"))
    problems += _astray(found)
    if problems:
        raise PolicyError(dict.fromkeys(problems))
    return found


def _astray(found: Mapping[str, LoadedPolicy]) -> Iterator[Problem]:
    """What a policy says of another one that is not there, or not for this."""
    for loaded in found.values():
        rollout = loaded.policy.rollout
        if rollout and (rollout.of not in found or rollout.of == loaded.policy.name):
            others = sorted(found.keys() - {loaded.policy.name})
            yield Problem(str(loaded.path), 1, "rollout.of", f"there is no other policy {rollout.of}; {allowed(rollout.of, others)}")
        elif rollout and found[rollout.of].policy.rollout:
            yield Problem(str(loaded.path), 1, "rollout.of", f"{rollout.of} has a rollout of its own; allowed: a policy without")


class Shelf:
    """The files of a folder and of the library, each parsed once, when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parsed: dict[Path, Node] = {}

    def parsed(self, path: Path) -> Node:
        """Raises ``ProblemsError``."""
        if path.suffix == ".yml":
            raise PolicyError([Problem(str(path), 0, "", "a policy's file name must end in .yaml; rename it")])
        if path not in self._parsed:
            self._parsed[path] = parse(read(path), str(path))
        return self._parsed[path]

    def find(self, name: str) -> Node:
        """A policy by its name: beside those that are loaded, or in the library. See ``extend.Find``."""
        names: list[str] = []
        for folder in (self._folder, library()):
            for path in policy_files(folder):
                try:
                    node = self.parsed(path)
                except ProblemsError:
                    continue  # it has been reported, or is nobody's concern
                said = node.child("name")
                if said is not None and said.value == name:
                    return node
                names.append(str(said.value if said else ""))
        raise KeyError(allowed(name, sorted(set(names) - {""})))


def policy_files(folder: Path) -> list[Path]:
    """``*.yaml`` but ``*.cases.yaml``, and no hidden files, which editors and mounts leave about. A ``.yml`` counts, to be refused."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise PolicyError([unreadable(folder, error)]) from None
    return [path for path in paths if path.suffix in (".yaml", ".yml") and path.name[0] != "." and not path.stem.endswith(".cases")]


def calibration_files(folder: Path) -> list[Path]:
    """What stands beside the policies of a folder and belongs to them."""
    return [path for policy in policy_files(folder) if (path := calibration_beside(policy)).exists()]


def calibration_beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}.calibration.json")


def load_policy(path: Path, catalog: Catalog) -> LoadedPolicy:
    shelf = Shelf(path.parent)
    try:
        return _calibrated(_load(shelf.parsed(path), path, catalog, shelf))
    except ProblemsError as error:
        raise PolicyError(error.problems) from None


def astray(loaded: LoadedPolicy, catalog: Catalog) -> list[Problem]:
    """What a policy that was loaded by itself says of others that its folder does not bear out, as loading the folder would say."""
    if loaded.policy.rollout is None:
        return []
    shelf = Shelf(loaded.path.parent)
    found = {loaded.policy.name: loaded}
    for path in policy_files(loaded.path.parent):
        try:
            other = _load(shelf.parsed(path), path, catalog, shelf)
        except ProblemsError:
            continue  # it is nobody's concern here
        found.setdefault(other.policy.name, other)
    return [problem for problem in _astray(found) if problem.file == str(loaded.path)]


def load_text(text: str, file: str, catalog: Catalog) -> LoadedPolicy:
    """A policy from text; ``file`` is what problems call it. What it extends is looked for in the library."""
    try:
        return _load(parse(text, file), Path(file), catalog, Shelf(library()))
    except ProblemsError as error:
        raise PolicyError(error.problems) from None


def _load(root: Node, path: Path, catalog: Catalog, shelf: Shelf) -> LoadedPolicy:
    merged = extend(root, shelf.find)
    policy = validate(Policy, merged.node)
    problems = sorted((problem_at(merged.node, loc, message) for loc, message in objections(policy, catalog)), key=lambda p: p.line)
    if problems:
        raise PolicyError(problems)
    return LoadedPolicy(policy, _hash(said(policy)), path, merged.layers, merged.origins, own=_hash(_canonical(root.plain())))


def _calibrated(loaded: LoadedPolicy) -> LoadedPolicy:
    """With its bounds where they were found to hold their rates in its traffic."""
    path = calibration_beside(loaded.path)
    if not path.exists():
        return loaded
    found = calibration.parse(content(path, calibration.MAX_BYTES), str(path))
    policy, remarks = calibration.applied(found, loaded.policy, str(path))
    return replace(loaded, policy=policy, digest=_hash(said(policy)), remarks=tuple(remarks))


def said(policy: Policy) -> bytes:
    """All that a policy says, always in the same form; its digest is of this."""
    return _canonical(policy.model_dump(mode="json"))


def _canonical(words: object) -> bytes:
    return json.dumps(words, sort_keys=True, ensure_ascii=True).encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
