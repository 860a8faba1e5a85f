"""How far a number lies from what is usual."""

from random import Random

import pytest

from detectors.series.views import BINS, Jumps, Range, TimeOfDay

HALF_HOUR = 86_400 / BINS


def test_range():
    """So many widths of the middle half from the middle: 100 values from 0 to 99, whose middle half is 50 wide."""
    view = Range()
    for value in range(100):
        view.put(value)
    assert view.put(150) == pytest.approx(2)
    assert view.middle == 50


def test_range_of_one_value():
    """Where there has been one value only, any other is far off, and the same is not."""
    view = Range()
    for _ in range(100):
        view.put(5)
    assert (view.put(5), view.put(6)) == (0, pytest.approx(20))


def test_jumps():
    """Restlessness is far off, and so is not a value that stays where it has jumped to."""
    chance, view = Random(1), Jumps()
    for _ in range(500):
        view.put(chance.gauss(0, 1))
    restless = max(view.put(chance.gauss(0, 10)) for _ in range(20))
    for _ in range(100):
        settled = view.put(7)
    assert restless > 3 > 0 > settled


def day(view: TimeOfDay, chance: Random, number: int, shift: float = 0) -> list[float | None]:
    return [
        view.put(number * 86_400 + at * HALF_HOUR / 6, (100 if at < 144 else 10) + shift + chance.gauss(0, 1)) for at in range(6 * BINS)
    ]


def test_time_of_day():
    """Nothing is known on the first day; then a value of the day is far off at night, and usual by day."""
    chance, view = Random(1), TimeOfDay()
    assert set(day(view, chance, 0)) == {None}
    for number in range(1, 5):
        day(view, chance, number)
    by_day, by_night = view.put(5 * 86_400, 100), view.put(5 * 86_400 + 80_000, 100)
    assert by_day is not None
    assert by_night is not None
    assert by_day < 3 < 10 < by_night
    assert view.usual == pytest.approx(10, abs=1)


def test_for_a_while():
    """A shift that lasts is seen for a while, with its sign; one point hardly is."""
    chance, view = Random(1), TimeOfDay()
    for number in range(5):
        day(view, chance, number)
    view.put(5 * 86_400, 0)
    assert abs(view.for_a_while) < 1
    day(view, chance, 6, shift=-20)
    assert view.for_a_while < -2


@pytest.mark.parametrize("kind", [Range, Jumps])
def test_restored(kind: type[Range] | type[Jumps]):
    """The same future."""
    chance, one, other = Random(1), kind(), kind()
    for _ in range(1200):
        one.put(chance.gauss(0, 1))
    other.restore(one.as_json())
    assert [one.put(at / 10) for at in range(50)] == [other.put(at / 10) for at in range(50)]


def test_time_of_day_restored():
    """The same future; and what is of another shape is refused."""
    chance, one, other = Random(1), TimeOfDay(), TimeOfDay()
    day(one, chance, 0)
    other.restore(one.as_json())
    assert day(one, Random(2), 1) == day(other, Random(2), 1)
    with pytest.raises(ValueError):
        other.restore([[], [], 0.0, -1, 0, 0.0, 0.0, 0.0])
