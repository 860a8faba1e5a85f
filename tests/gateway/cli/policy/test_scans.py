"""Each detector looks once at each text that a rule has it look at."""

import pytest

from detectors.contract import Disguise
from detectors.finding import Finding
from gateway.cli.detect import LocalScan
from gateway.cli.policy.remembered import Remembered
from gateway.cli.policy.scans import SharedScans
from policies.policy import Rule
from policies.verdict import Action
from policies.vocabulary import Scope


class Marks:
    """Finds a character."""

    name = "pii"
    lookbehind = 0
    disguises = frozenset[Disguise]()

    def __init__(self, mark: str) -> None:
        self.digest = mark
        self.looked: list[str] = []

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        self.looked.append(text)
        return [Finding("pii", "pii.MARK", at, at + 1, 1.0) for at, char in enumerate(text) if char == self.digest]

    def settled(self, text: str, start: int = 0) -> int:
        return len(text)


def rule(name: str, scope: Scope, *entities: str) -> Rule:
    return Rule(id=name, detect="pii", scope=(scope,), entities=entities, action=Action.FLAG)


@pytest.fixture
def remembered():
    made = Remembered(None)
    yield made
    made.close()


def test_each_text_once(remembered):
    """However many rules ask, in whatever scope; a rule has what its own detectors found."""
    marks = {"A": Marks("a"), "B": Marks("b")}
    local = LocalScan(lambda _, options: tuple(marks[each] for each in options.entities))
    first, both, other = rule("a", Scope.USER, "A"), rule("ab", Scope.USER, "A", "B"), rule("b", Scope.SYSTEM, "B")
    scans = SharedScans(local, remembered, (first, both, other))
    for _ in range(2):
        scans.show([(Scope.USER, "ab"), (Scope.USER, "ab"), (Scope.SYSTEM, "bb"), (Scope.OUTPUT, "aa"), (Scope.USER, "")])
        assert [len(scans(each, "ab").findings) for each in (first, both)] == [1, 2]
        assert [len(scans(each, "").findings) for each in (first, both)] == [0, 0]
        assert len(scans(other, "bb").findings) == 2
    assert (marks["A"].looked, marks["B"].looked) == (["ab", ""], ["ab", "bb", ""])
