"""The forms of words in policies."""

import pytest
from pydantic import TypeAdapter, ValidationError

from policies.vocabulary import Day

DAY = TypeAdapter(Day)


@pytest.mark.parametrize(
    "day", ["2027-02-31", "2027-2-3", "2027-13-01", "2023-02-29", "soon", "2027-03-01\n", "２０27-03-01", "1999-01-01"]
)
def test_no_day(day):
    """A day is one that there is, written in one way."""
    with pytest.raises(ValidationError, match="must be a day like 2027-03-01"):
        DAY.validate_python(day)


@pytest.mark.parametrize("day", ["2027-03-01", "2028-02-29"])
def test_a_day(day):
    """It stays as it is written."""
    assert DAY.validate_python(day) == day
