"""Made-up personal data of every kind that the default policy protects, and a check that none of it is somewhere."""

import re

VALUES = {
    "PERSON": "Harold Whitcombe",
    "EMAIL_ADDRESS": "maria.lindqvist@example.org",
    "PHONE_NUMBER": "+1 212-736-5000",
    "CREDIT_CARD": "4111 1111 1111 1111",
    "IBAN_CODE": "DE89 3704 0044 0532 0130 00",
    "US_SSN": "536-90-4399",
    "IP_ADDRESS": "203.0.113.77",
}
TEXT = (
    f"My name is {VALUES['PERSON']}. Please write to {VALUES['EMAIL_ADDRESS']} or call {VALUES['PHONE_NUMBER']}. "
    f"My credit card is {VALUES['CREDIT_CARD']} and my bank account is {VALUES['IBAN_CODE']}. "
    f"My social security number is {VALUES['US_SSN']}, and I signed in from the address {VALUES['IP_ADDRESS']}."
)


def leaked(text: str) -> list[str]:
    """The kinds of which a value, or half of a long one, stands in the text, separators aside."""
    bare_text = _bare(text)
    return [kind for kind, value in VALUES.items() if any(part in bare_text for part in _parts(_bare(value)))]


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _parts(value: str) -> tuple[str, ...]:
    middle = len(value) // 2
    # A handful of digits may stand anywhere by chance, in an id or a time.
    return (value[:middle], value[middle:]) if middle >= 7 else (value,)
