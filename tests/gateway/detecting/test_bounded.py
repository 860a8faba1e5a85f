"""So many keys and no more."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.bounded import QUIET_S, Bounded


@dataclass
class Known:
    at: float = 0.0
    is_steady: bool = False


def steady() -> Known:
    return Known(is_steady=True)


def test_a_flood_moves_out_no_key_that_has_traffic():
    """Made-up names move out each other."""
    keys: Bounded[str, Known] = Bounded(3)
    keys.heard("shop", 1.0, steady)
    keys.heard("desk", 2.0, steady)
    for number in range(100):
        assert keys.heard(f"made up {number}", 3.0, Known)
    assert sorted(keys) == ["desk", "made up 99", "shop"]
    assert keys.evicted == 99


def test_what_is_quiet_gives_way():
    """Where all are known well, one goes only after a while of silence: the one that was silent for longest."""
    keys: Bounded[str, Known] = Bounded(2)
    keys.heard("first", 1.0, steady)
    keys.heard("second", 2.0, steady)
    keys.heard("first", 3.0, steady)
    assert keys.heard("third", 2.0 + QUIET_S - 1, steady) is None
    assert keys.heard("third", 2.0 + QUIET_S, steady)
    assert list(keys) == ["first", "third"]
    assert keys.evicted == 2


def test_what_is_new_is_made_once():
    """Of what it is told to be of; what is known stays as it is, and its time goes on and never back."""
    keys: Bounded[str, Known] = Bounded(2)
    known = keys.heard("shop", 5.0, Known, 1.0, True)
    assert known == Known(5.0, is_steady=True)
    assert keys.heard("shop", 4.0, Known, 9.0, False) is known
    assert known == Known(5.0, is_steady=True)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans())))
def test_bound(heard: list[tuple[int, bool]]):
    """There are never more, and what was heard last is known, if there was room."""
    keys: Bounded[int, Known] = Bounded(3)
    for at, (key, is_steady) in enumerate(heard):
        known = keys.heard(key, float(at), lambda steady=is_steady: Known(is_steady=steady))
        assert len(keys) <= 3
        assert keys.get(key) is known


def test_put_and_forget():
    """What was known before is put back up to the bound."""
    keys: Bounded[str, Known] = Bounded(1)
    keys.put("a", Known())
    keys.put("b", Known())
    assert list(keys) == ["a"]
    keys.forget("a")
    keys.forget("a")
    assert len(keys) == 0
    assert list(keys.items()) == []
