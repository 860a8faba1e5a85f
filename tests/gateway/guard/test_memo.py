"""The bounded memory of results."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.memo import Memo
from tests.support.guards import KEY


def test_it_remembers_by_configuration_and_text() -> None:
    """A result is found again under the same configuration and text, and under no other."""
    memo: Memo[tuple[int, ...]] = Memo(KEY, 100_000)
    memo.put("a", memo.text_key("text"), (1,))
    assert memo.get("a", memo.text_key("text")) == (1,)
    assert memo.get("b", memo.text_key("text")) is None
    assert memo.get("a", memo.text_key("text ")) is None
    assert (memo.hits, memo.misses) == (1, 2)


def test_items_may_be_small() -> None:
    """Texts are counted by their characters."""
    memo: Memo[str] = Memo(KEY, 10_000, item_bytes=4)
    memo.put("c", memo.text_key("picture"), "x" * 1000)
    assert memo.used_bytes == 350 + 4 * 1000


def test_keys_need_the_key() -> None:
    """The same text has different keys in two processes, so that a key cannot be tried out."""
    assert Memo(KEY, 1).text_key("text") != Memo(b"x" * 32, 1).text_key("text")


def test_a_lone_surrogate_is_a_text_too() -> None:
    """A text with no UTF-8 has a key."""
    assert Memo(KEY, 1).text_key("\ud83d") != Memo(KEY, 1).text_key("\ud83e")


def test_the_oldest_goes_first() -> None:
    """What was asked for lately stays when room is needed."""
    memo: Memo[tuple[int, ...]] = Memo(KEY, 2 * 350)
    for name in ("a", "b"):
        memo.put("c", memo.text_key(name), ())
    memo.get("c", memo.text_key("a"))
    memo.put("c", memo.text_key("new"), ())
    assert memo.get("c", memo.text_key("a")) == ()
    assert memo.get("c", memo.text_key("b")) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40)), max_size=100))
def test_it_stays_within_its_bound(puts: list[tuple[int, int]]) -> None:
    """Whatever is put, the bytes in use never exceed the bound and are those of the entries that are there."""
    memo: Memo[tuple[int, ...]] = Memo(KEY, 5000)
    for name, size in puts:
        memo.put("c", memo.text_key(str(name)), (0,) * size)
        assert 0 <= memo.used_bytes <= 5000
    if not len(memo):
        assert memo.used_bytes == 0
