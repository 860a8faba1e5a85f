"""One reading and its way back."""

from detectors.finding import Finding
from detectors.mapped import Mapped
from detectors.reading import Reading


def _made() -> Reading:
    """Of ``call <3 hidden>a@b`` and a run of eight that holds ``1 2``."""
    made = Reading()
    made.add("call ")
    made.add_mapped(Mapped("a@b", [3, 4, 5], [4, 5, 6]), 6)
    made.add(" ")
    made.add_mapped(Mapped("1 2", [0, 0, 0], [8, 8, 8]), 8)
    return made


def _back(reading: Reading, start: int, end: int) -> tuple[int, int]:
    (found,) = reading.back([Finding("pii", "pii.X", start, end, 1.0)])
    return found.start, found.end


def test_the_way_back():
    """A finding is over all that stands for any of its characters."""
    made = _made()
    assert (made.text, made.length, made.end) == ("call a@b 1 2", 12, 20)
    assert [_back(made, *span) for span in ((0, 4), (5, 8), (6, 7), (11, 12), (3, 12))] == [(0, 4), (8, 11), (9, 10), (12, 20), (3, 20)]
    assert [made.origin(at) for at in (0, 5, 8, 9, 11, 12)] == [0, 8, 11, 12, 12, 20]


def test_a_part_by_itself():
    """It has the way back of each of its characters."""
    part = _made().part(4, 10)
    assert (part.text, list(part.starts), list(part.ends)) == (" a@b 1", [4, 8, 9, 10, 11, 12], [5, 9, 10, 11, 12, 20])


def test_a_fork_goes_its_own_way():
    """What is added to one of them is not in the other."""
    made = _made()
    other = made.fork()
    other.add("!")
    made.forget(9)
    assert (made.text, other.text, made.end, other.end) == ("1 2", "call a@b 1 2!", 20, 21)
    assert _back(made, 9, 10) == (12, 20)
