"""Which version is in use."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.versions import MOST_OFTEN, Came, Patience, Versions, versions

ANY = Patience()


def came(known: Versions, seen: str, start: float = 0.0, patience: Patience = ANY) -> list[tuple[str, str]]:
    """What is told of versions that are seen one after the other, each a letter."""
    found = [known.saw(version, start + at, patience) for at, version in enumerate(seen)]
    return [(each.before, each.version) for each in found if each]


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("aaaa", []),
        ("aaaabbbb", [("a", "b")]),
        ("aaaababbabbbbb", [("a", "b")]),
        ("a" * 50 + "ab" * 200, [("a", "b")]),
        ("aaaabbbbcccc", [("a", "b"), ("b", "c")]),
        ("a" * 10 + "b" * 200 + "a" * 10, [("a", "b"), ("b", "a")]),
        ("a" * 10 + "b" * 50 + "a" * 10, [("a", "b")]),
        ("a" * 30 + ("a" * 99 + "b") * 20, [("a", "b")]),
    ],
    ids=["one", "another", "workers take it up", "canary", "two", "back", "back at once", "small canary"],
)
def test_versions(seen: str, told: list[tuple[str, str]]):
    """Each is told once when it comes; one that was gone, once more."""
    assert came(Versions(), seen) == told


def test_patience():
    """Before one is told it is seen some times, and others before it; the time is when it was seen first."""
    patience = Patience(least=3, history=5)
    assert came(Versions(), "aaabbbbb", patience=patience) == []
    assert came(Versions(), "aaaaabbaa", patience=patience) == []
    known = Versions()
    found = [known.saw(version, float(at), patience) for at, version in enumerate("aaaaaabab" + "b")]
    assert found == [None] * 9 + [Came("a", "b", 6.0)]


def test_restless():
    """What changes all the time is told a few times in an hour, and remembers no more than so many."""
    known = Versions()
    assert len(came(known, "".join(map(chr, range(100, 200))))) == MOST_OFTEN
    assert len(known.known) == ANY.most
    assert came(known, "xxxy", start=8000.0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 300)), max_size=60), st.integers(0, 60))
def test_restored(seen: list[tuple[str, float]], cut: int):
    """At any point it goes on as it would have; and it is never told that one came after itself."""
    known, now = Versions(), 0.0
    for at, (version, later) in enumerate(seen):
        now += later
        other = versions(orjson.loads(orjson.dumps(known.as_json()))) if at == cut else None
        found = known.saw(version, now, ANY)
        assert found is None or found.before != found.version
        if other:
            assert other.saw(version, now, ANY) == found
            assert other.as_json() == known.as_json()
