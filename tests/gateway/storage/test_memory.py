"""The store in memory: its bounds, and its clock. What every store does is in ``tests/contracts``."""

import pytest

from gateway.storage.memory import MemoryStore


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_value_is_there_for_its_time(clock: Clock):
    """Until its time is over, counted from when it was last put."""
    store = MemoryStore(10_000, clock)
    await store.put_many({"a": b"1"}, 10)
    clock.now = 9.9
    assert await store.get_many(["a"]) == [b"1"]
    await store.put_many({"a": b"2"}, 10)
    clock.now = 19.8
    assert await store.get_many(["a"]) == [b"2"]
    clock.now = 19.9
    assert await store.get_many(["a"]) == [None]


async def test_what_has_expired_takes_no_room(clock: Clock):
    """Once the oldest ones' time is over, nothing of them is kept; what came for a shorter time is not given out meanwhile."""
    store = MemoryStore(10_000, clock)
    await store.put_many({"a": b"x" * 100, "b": b"x" * 100}, 10)
    await store.put_many({"short": b"x"}, 1)
    clock.now = 5
    assert await store.get_many(["short", "a"]) == [None, b"x" * 100]
    clock.now = 10
    assert await store.get_many(["other"]) == [None]
    assert (len(store), store.used_bytes, store.evicted) == (0, 0, 0)


@pytest.mark.parametrize(
    ("max_bytes", "sizes", "kept"),
    [
        (2_000, [0, 0, 0, 0, 0], [0, 1, 2, 3, 4]),
        (2_000, [0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5]),
        (2_000, [600, 600, 600], [1, 2]),
        (2_000, [601, 601, 601], [2]),
        (2_000, [0, 0, 1_600], [2]),
        (2_000, [0, 1_601, 0], [0, 2]),
    ],
)
async def test_the_oldest_go_first(clock: Clock, max_bytes: int, sizes: list[int], kept: list[int]):
    """There is never more than there may be, names and all, and what had to go is counted."""
    store = MemoryStore(max_bytes, clock)
    for number, size in enumerate(sizes):
        await store.put_many({str(number): b"x" * size}, 60)
        assert store.used_bytes <= max_bytes
    found = await store.get_many([str(number) for number in range(len(sizes))])
    assert [number for number, value in enumerate(found) if value is not None] == kept
    assert (len(store), store.evicted) == (len(kept), len(sizes) - len(kept))


async def test_what_is_put_anew_is_new(clock: Clock):
    """Putting a value again makes it the newest, and it counts once."""
    store = MemoryStore(900, clock)
    await store.put_many({"a": b"1"}, 60)
    await store.put_many({"b": b"1"}, 60)
    before = store.used_bytes
    await store.put_many({"a": b"2"}, 60)
    assert store.used_bytes == before
    await store.put_many({"c": b"1"}, 60)
    assert await store.get_many(["a", "b", "c"]) == [b"2", None, b"1"]


async def test_what_is_too_large_does_not_leave_the_old(clock: Clock):
    """A value that cannot be kept is not there, nor is the one in whose place it was to be."""
    store = MemoryStore(900, clock)
    await store.put_many({"a": b"old"}, 60)
    await store.put_many({"a": b"x" * 900}, 60)
    assert await store.get_many(["a"]) == [None]
    assert (store.used_bytes, store.evicted) == (0, 1)


async def test_nothing_is_left_of_what_is_closed(clock: Clock):
    """A closed store is empty."""
    store = MemoryStore(900, clock)
    await store.put_many({"a": b"1"}, 60)
    await store.close()
    assert (len(store), store.used_bytes) == (0, 0)
