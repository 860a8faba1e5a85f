import pytest

from gateway.demo.values import Value, find_values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail <EMAIL_ADDRESS_3fa9c1> soon", [Value("EMAIL_ADDRESS", "<EMAIL_ADDRESS_3fa9c1>")]),
        ("mail ann@example.org, soon.", [Value("EMAIL_ADDRESS", "ann@example.org")]),
        ("card 4111 1111 1111 1111.", [Value("CREDIT_CARD", "4111 1111 1111 1111")]),
        ("call +1 212 555 0143 or (415) 555-0132", [Value("PHONE_NUMBER", "+1 212 555 0143"), Value("PHONE_NUMBER", "(415) 555-0132")]),
        ("ssn 536-90-4399, from 203.0.113.7", [Value("US_SSN", "536-90-4399"), Value("IP_ADDRESS", "203.0.113.7")]),
        ("to DE89 3704 0044 0532 0130 00 please", [Value("IBAN_CODE", "DE89 3704 0044 0532 0130 00")]),
        ("My name is Harold Whitcombe, in Oslo", [Value("PERSON", "Harold Whitcombe"), Value("LOCATION", "Oslo")]),
        ("see https://example.org/a?b=c.", [Value("URL", "https://example.org/a?b=c")]),
        ("a@b.org and a@b.org", [Value("EMAIL_ADDRESS", "a@b.org")]),
        ("nothing of the kind, 12 times", []),
    ],
)
def test_values_are_found_with_their_kind(text: str, found: list[Value]):
    """Placeholders are values of the kind that they name; each value counts once."""
    assert find_values(text) == found
