"""Check digits: published samples, and what one changed digit does to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text import checks

VALID = [
    ("luhn", "4111 1111 1111 1111"),
    ("luhn", "79927398713"),
    ("iban", "GB29 NWBK 6016 1331 9268 19"),
    ("iban", "DE89370400440532013000"),
    ("mod11", "943 476 5919"),
    ("dea", "AB1234563"),
    ("ip", "10.0.0.1"),
    ("ip", "2001:db8::1/64"),
    ("mac", "00:1A:2B:3C:4D:5E"),
    ("uuid", "123e4567-e89b-42d3-a456-426614174000"),
    ("ssn", "460-89-9847"),
    ("crypto", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    ("crypto", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
]
INVALID = [
    ("luhn", "4111 1111 1111 1112"),
    ("luhn", "no digits"),
    ("iban", "GB28 NWBK 6016 1331 9268 19"),
    ("iban", "GB29"),
    ("mod11", "943 476 5918"),
    ("dea", "AB1234564"),
    ("dea", "A"),
    ("ip", "10.0.0.256"),
    ("mac", "FF:FF:FF:FF:FF:FF"),
    ("mac", "00:1A"),
    ("uuid", "00000000-0000-0000-0000-000000000000"),
    ("uuid", "123e4567-e89b-02d3-a456-426614174000"),
    ("ssn", "078-05-1120"),
    ("ssn", "666-12-3456"),
    ("ssn", "460-89.9847"),
    ("crypto", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3"),
    ("crypto", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdz"),
    ("crypto", "1IlO0"),
]


@pytest.mark.parametrize(("check", "value"), VALID)
def test_valid(check: str, value: str):
    """Published samples pass."""
    assert checks.VALIDATORS[check](value)


@pytest.mark.parametrize(("check", "value"), INVALID)
def test_invalid(check: str, value: str):
    """A wrong check digit, a reserved value or a broken form fails."""
    assert not checks.VALIDATORS[check](value)


@given(st.sampled_from(sorted(checks.VALIDATORS)), st.text(max_size=40))
def test_any_text_is_judged(check: str, value: str):
    """A team's pattern may hand any text to a validator: it answers."""
    assert checks.VALIDATORS[check](value) in (True, False)


@given(st.integers(10**11, 10**18), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_never_passes_luhn(number: int, place: int, shift: int):
    """The check digit finds every single wrong digit."""
    body = str(number)
    valid = next(body + str(digit) for digit in range(10) if checks.luhn(body + str(digit)))
    at = place % len(valid)
    wrong = valid[:at] + str((int(valid[at]) + shift) % 10) + valid[at + 1 :]
    assert not checks.luhn(wrong)
