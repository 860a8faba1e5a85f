"""Each detector looks once at each text that a rule has it look at."""

import pytest

from detectors.contract import Disguise, Factory, Scanner
from detectors.finding import Finding
from gateway.cli.detect import LocalScan
from gateway.cli.policy.remembered import Remembered
from gateway.cli.policy.scans import SharedScans
from gateway.proxy.offload import MAX_UNIT_CHARS
from policies.decide import NotChecked, Outcome
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


class Turns:
    """A model that looks at whole texts, and finds each of them strange."""

    name, digest, reads = "topics", "t", "turn"
    factory = Factory("tests.gateway.cli.policy.test_scans:strange", {})

    def is_candidate(self, unit: str) -> bool:
        return True


def strange() -> Scanner:
    return lambda units: [[Finding("topics", "topics.outside", 0, len(unit), 0.99)] for unit in units]


def test_what_is_too_long_for_a_model(remembered):
    """As by the gateway it is shown to none, and was not checked; what is shorter is, also where both are shown together."""
    judge = rule("t", Scope.USER)
    scans = SharedScans(LocalScan(lambda *_: (Turns(),)), remembered, (judge,))
    long, short = "x " * (MAX_UNIT_CHARS // 2) + "x", "x " * (MAX_UNIT_CHARS // 2)
    for _ in range(2):
        scans.show([(Scope.USER, long), (Scope.USER, short)])
        assert scans(judge, long) == Outcome((), (NotChecked("topics", "too_long"),))
        assert [finding.end for finding in scans(judge, short).findings] == [len(short)]
