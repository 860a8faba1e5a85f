"""Records of simulated exchanges: some applications, models, upstreams and tenants, and whatever a test makes of them."""

from collections.abc import Callable, Iterator
from random import Random

from tests.gateway.incidents.symptoms import T0

APPS = ("shop", "desk", "search", "notes", "mail")
MODELS = ("gpt-4o", "gpt-4o-mini", "claude", "llama")
UPSTREAMS = {"gpt-4o": ("openai", "azure"), "gpt-4o-mini": ("openai", "azure"), "claude": ("anthropic",), "llama": ("own",)}
LANGUAGES = ("en", "en", "en", "de", "fr")
TENANTS = 12
RULES = ("pii", "secrets", "injection")

Fault = Callable[[dict, Random], None]


def record(ts: float, number: int = 0, **fields: object) -> dict:
    """An exchange that went well, and took a second."""
    said: dict = {
        "v": 1, "ts": ts, "request_id": f"req_{number:024x}", "trace": {"id": f"{number:032x}"}, "route": "/v1/chat/completions",
        "app": "shop", "surface": "chat", "model": "gpt-4o", "user": "u1", "policy": "default@aaaa00000000", "decision": "allow",
        "outcome": "completed", "status": 200, "upstream": "openai", "rules": [], "would": [], "findings": [],
        "coverage": {"request": [{"scope": "user", "inspected_by": list(RULES), "texts": 1}], "response": []},
        "answer": {"model": "gpt-4o", "finish": ["stop"]}, "cost_usd": 0.01,
        "observed": {"input": {"language": "en"}, "template": "t1", "output": {"refusal": False}},
        "timings_ms": {"total": 1000.0, "upstream": 900.0},
        "attempts": [{"span": "s", "upstream": "openai", "at": 50.0, "ms": 900.0, "first": 300.0, "status": 200, "error": None}],
        **fields,
    }  # fmt: skip
    return said


def failed(said: dict, code: str = "upstream_unreachable", ms: float = 5.0) -> None:
    """Its upstream has not answered, where it was asked."""
    if not said["attempts"]:
        return
    said.update(status=502, outcome=code, upstream=None, timings_ms={"total": ms + 20, "upstream": ms})
    said["attempts"] = [{**said["attempts"][-1], "ms": ms, "first": None, "status": None, "error": code}]


def slow(said: dict, times: float = 4.0) -> None:
    said["timings_ms"] = {name: ms * times for name, ms in said["timings_ms"].items()}


def fired(said: dict, rule: str = "injection", action: str = "block", why: str = "match", kind: str = "injection") -> None:
    said["findings"] = [*said["findings"], {"rule": rule, "kind": kind, "action": action, "shadow": False, "why": why, "scope": "user"}]
    said["rules"] = [*said["rules"], rule]
    if action == "block":
        said.update(decision="block", status=400, outcome="content_filter", upstream=None, attempts=[])


def exchanges(seed: int, start: float, seconds: float, rate: float = 20.0, fault: Fault | None = None) -> Iterator[dict]:
    """In the order in which they began. Of all, two in a hundred fail, and a few are blocked."""
    chance = Random(seed)
    for number in range(int(seconds * rate)):
        said = _exchange(start + number / rate, int(start - T0 + 1e6) * 1000 + number, chance)
        if fault:
            fault(said, chance)
        yield said


def _exchange(ts: float, number: int, chance: Random) -> dict:
    app = APPS[min(chance.randrange(len(APPS)), chance.randrange(len(APPS)))]
    model = chance.choice(MODELS)
    upstream = chance.choice(UPSTREAMS[model])
    ms = chance.lognormvariate(6.5, 0.5)
    said = record(
        ts, number, app=app, model=model, upstream=upstream, user=f"{app}-u{min(chance.randrange(TENANTS), chance.randrange(TENANTS))}",
        timings_ms={"total": ms + 30, "upstream": ms}, cost_usd=chance.lognormvariate(-6, 0.6),
        answer={"model": model, "finish": ["stop"]},
        attempts=[{"span": "s", "upstream": upstream, "at": 20.0, "ms": ms, "first": ms / 3, "status": 200, "error": None}],
        observed={
            "input": {"language": chance.choice(LANGUAGES)}, "template": f"{app}-t{chance.randrange(3)}", "output": {"refusal": False},
            "tools": [chance.choice(("search", "pay"))] if chance.random() < 0.3 else [],
        },
    )  # fmt: skip
    happens = chance.random()
    if happens < 0.02:
        failed(said, "upstream_timeout", 800.0)
    elif happens < 0.025:
        fired(said)
    elif happens < 0.1:
        fired(said, "pii", "tokenize", kind="pii.EMAIL_ADDRESS")
    return said
