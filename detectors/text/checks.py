"""Check digits and registries: whether a value of the right form can be real. Each takes the matched text as it stands."""

import ipaddress
import re
from collections.abc import Callable
from hashlib import sha256

_SEPARATORS = str.maketrans("", "", " -")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_SAMPLE_SSNS = frozenset({"123456789", "987654320", "078051120"})


def luhn(value: str) -> bool:
    """The check digit of payment cards, IMEI, many customer numbers."""
    digits = [int(char) for char in value if char.isdecimal()]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return bool(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(value: str) -> bool:
    """ISO 13616's modulo 97 (the country's own format is checked by the recogniser)."""
    plain = value.translate(_SEPARATORS).upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{4,30}", plain):
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def mod11(value: str) -> bool:
    """Weighted modulo 11 over ten digits, as in the NHS number."""
    digits = [int(char) for char in value if char.isdecimal()]
    return sum(digit * weight for digit, weight in zip(digits, range(10, -1, -1), strict=False)) % 11 == 0


def dea(value: str) -> bool:
    """A US prescriber's number: two characters, six digits, one check digit."""
    plain = value.translate(_SEPARATORS)[2:]
    if not plain.isdecimal():
        return False
    *digits, check = map(int, plain)
    return (2 * sum(digits[-1::-2]) + sum(digits[-2::-2]) - check) % 10 == 0


def ip(value: str) -> bool:
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        return False
    return True


def mac(value: str) -> bool:
    plain = re.sub(r"[:\-.]", "", value).upper()
    return re.fullmatch(r"[0-9A-F]{12}", plain) is not None and plain not in ("F" * 12, "0" * 12)


def uuid(value: str) -> bool:
    """Version and variant as RFC 9562 has them; the nil value identifies nothing."""
    groups = value.lower().split("-")
    return len(groups) == 5 and all(groups) and groups[2][0] in "12345678" and groups[3][0] in "89ab"


def ssn(value: str) -> bool:
    """Not one of the numbers that the US Social Security Administration never issues or prints as samples."""
    if len({char for char in value if char in ".- "}) > 1:
        return False
    digits = "".join(char for char in value if char.isdigit())
    impossible = digits[3:5] == "00" or digits[5:] == "0000" or digits[:3] in ("000", "666")
    return len(set(digits)) > 1 and not impossible and digits not in _SAMPLE_SSNS


def crypto(value: str) -> bool:
    """A Bitcoin address: base58 with a double SHA-256 check sum, or bech32."""
    if value.startswith("bc1"):
        return _bech32(value)
    return value[:1] in ("1", "3") and _base58(value)


def _base58(value: str) -> bool:
    if any(char not in _BASE58 for char in value):
        return False
    stripped = value.lstrip("1")
    number = 0
    for char in stripped:
        number = number * 58 + _BASE58.index(char)
    raw = number.to_bytes(len(value) - len(stripped) + (number.bit_length() + 7) // 8, "big")
    return raw[-4:] == sha256(sha256(raw[:-4]).digest()).digest()[:4]


def _bech32(value: str) -> bool:
    if value != value.lower() and value != value.upper():
        return False
    lower = value.lower()
    split = lower.rfind("1")
    data = lower[split + 1 :]
    if split < 1 or split + 7 > len(lower) or len(lower) > 90 or any(char not in _BECH32 for char in data):
        return False
    prefix = lower[:split]
    values = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    return _polymod(values + [_BECH32.index(char) for char in data]) in (1, 0x2BC830A3)


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            check ^= generator if (top >> bit) & 1 else 0
    return check


VALIDATORS: dict[str, Callable[[str], bool]] = {
    "luhn": luhn,
    "iban": iban,
    "mod11": mod11,
    "dea": dea,
    "ip": ip,
    "mac": mac,
    "uuid": uuid,
    "ssn": ssn,
    "crypto": crypto,
}
