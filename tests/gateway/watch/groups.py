"""Exchanges of two groups, as their records say them."""

import random

from tests.gateway.watch.records import record


def grouped(
    number: int, group: str, *, blocked: bool = False, refused: bool = False, chars: int = 100, app: str = "shop", **fields: object
) -> dict:
    said = {
        "group": group,
        "app": app,
        "decision": "block" if blocked else "allow",
        "rules": ["pii"] if blocked else [],
        "released_chars": chars,
        "upstream": "openai",
        "observed": {"input": {"chars": 20, "bucket": 5}, "output": {"refusal": refused}},
        "coverage": {"request": [{"scope": "user", "inspected_by": ["pii"], "texts": 1, "chars": 9, "places": []}], "response": []},
    }
    return record(number, **(said | fields))


def traffic(count: int, seed: int = 1, *, blocked: float = 0.05, more: float = 1.0, **fields: object) -> list[dict]:
    """Of the groups a and b, of which b is blocked so many times as often."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        group = chance.choice("ab")
        rate = blocked * (more if group == "b" else 1)
        found.append(grouped(number, group, blocked=chance.random() < rate, chars=chance.randrange(50, 500), **fields))
    return found
