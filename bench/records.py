"""Records such as a gateway writes, drawn by chance: four applications that ask three models, each in its own way, some answers streamed.
Most have no finding, some have two, and few a failure.
"""

import hashlib
import random
import zlib
from collections.abc import Iterator
from typing import Any

from bench.drill.corpus import REFUSED, SYSTEMS, asked, personal, said
from bench.drill.traffic import Manners, usual
from gateway.telemetry.course import Attempt, Stage
from gateway.telemetry.record import Exchange, render
from gateway.wire.model import Usage
from gateway.wire.origin import Origin
from gateway.wire.tracing import Trace

Json = dict[str, Any]

_MODELS = {
    "support-bot": ("gpt-4o", "claude-sonnet-4"),
    "shop": ("gpt-4o",),
    "coder": ("gpt-4o-mini", "gpt-4o"),
    "hr-desk": ("gpt-4o-mini",),
}
_GROUPS = ("female", "male", "nonbinary")
_TENANTS = 5_000
_FAILED, _REFUSED = 0.01, 0.02
_BUCKETS, _GIST = 128, 24
_USD_PER_TOKEN = 5e-6


def records(chance: random.Random, begin: float, per_s: float, *, keeps_text: bool, has_groups: bool) -> Iterator[Json]:
    """Without end, each with its time, from ``begin`` on, so many a second. ``has_groups``: each says whom it was about."""
    manners = usual(1.0)
    apps, shares = list(manners), [each.per_s for each in manners.values()]
    at = begin
    while True:
        at += chance.expovariate(per_s)
        app = chance.choices(apps, shares)[0]
        yield _record(app, manners[app], at, chance, keeps_text=keeps_text, has_groups=has_groups)


def exchange(chance: random.Random) -> Exchange:
    """One of an application's, at its end, before it is rendered; nothing was found in it."""
    app, manners = chance.choice(list(usual(1.0).items()))
    return _exchange(app, manners, 0.0, chance, chance.randrange(20, 200), chance.randrange(20, 800))


def _record(app: str, manners: Manners, at: float, chance: random.Random, *, keeps_text: bool, has_groups: bool) -> Json:
    is_personal, is_failed = chance.random() < manners.personal, chance.random() < _FAILED
    question = asked(manners.corpus, chance) + (personal(chance) if is_personal else "")
    answer = "" if is_failed else REFUSED if chance.random() < _REFUSED else said(chance.randrange(1, 9), chance)
    exchange = _exchange(app, manners, at, chance, len(question), len(answer))
    if has_groups:
        exchange.group = chance.choice(_GROUPS)
    found = _findings(question, chance) if is_personal else []
    return {
        **render(exchange),
        **({"decision": "redact", "rules": ["pii"], "findings": found, "findings_total": len(found)} if found else {}),
        "coverage": _coverage(SYSTEMS[app], question, answer),
        "observed": _observed(SYSTEMS[app], question, answer),
        **({"texts": _texts(SYSTEMS[app], question, answer)} if keeps_text else {}),
    }


def _exchange(app: str, manners: Manners, at: float, chance: random.Random, asked_chars: int, said_chars: int) -> Exchange:
    model, upstream, status = chance.choice(_MODELS[app]), chance.choice(("east", "west")), 200 if said_chars else 503
    is_stream, first, took = chance.random() < manners.streaming, chance.lognormvariate(-0.7, 0.4), chance.lognormvariate(-0.2, 0.5)
    begun, end = 0.0005 + chance.random() / 100, 0.02 + first + took
    exchange = Exchange(f"req_{chance.getrandbits(96):024x}", at, 0.0, method="POST", route="/v1/chat/completions", app=app, surface="chat")
    exchange.trace = Trace(f"{chance.getrandbits(128):032x}", f"{chance.getrandbits(64):016x}", flags=1)
    exchange.user, exchange.model, exchange.is_stream = f"tenant-{chance.randrange(_TENANTS)}", model, is_stream
    exchange.policy, exchange.upstream, exchange.status = "default@0123456789ab", upstream, status
    exchange.outcome = "completed" if said_chars else "upstream_unreachable"
    exchange.usage = Usage(60 + asked_chars // 4, said_chars // 4)
    exchange.cost_usd = (60 + (asked_chars + said_chars) // 4) * _USD_PER_TOKEN
    exchange.request_bytes, exchange.response_bytes, exchange.released_chars = 260 + asked_chars, 300 + said_chars, said_chars
    if said_chars:
        exchange.origin, exchange.ends = Origin(model, f"chatcmpl-{chance.getrandbits(96):024x}"), {0: "stop"}
    busy = chance.uniform(2e-4, 2e-3)
    exchange.stages = [Stage("input", begun / 2, begun / 2 + busy, busy)]
    if said_chars:
        exchange.stages.append(Stage("stream" if is_stream else "output", begun + first, end, 4 * busy))
    last = Attempt(
        f"{chance.getrandbits(64):016x}", upstream, begun, end - busy, begun + first, status, "" if said_chars else "unreachable"
    )
    exchange.attempts = [last]
    exchange.guard_s, exchange.upstream_s, exchange.first_byte, exchange.end = 5 * busy, end - 6 * busy, first + begun, end
    return exchange


def _findings(question: str, chance: random.Random) -> list[Json]:
    start = question.find("user")
    shared = {"rule": "pii", "place": "messages.1.content", "scope": "user", "action": "tokenize", "shadow": False, "why": "match"}
    kinds = (("pii.EMAIL_ADDRESS", start, start + 20, 1.0), ("pii.PHONE_NUMBER", start + 27, start + 39, 0.75))
    return [
        {**shared, "kind": kind, "start": begin, "end": end, "score": score, "fingerprint": f"{chance.getrandbits(64):016x}"}
        for kind, begin, end, score in kinds
    ]


def _coverage(system: str, question: str, answer: str) -> Json:
    def row(scope: str, rules: list[str], place: str, text: str) -> Json:
        return {"scope": scope, "inspected_by": rules, "texts": 1, "chars": len(text), "places": [place]}

    told = [row("system", ["pii"], "messages.0.content", system), row("user", ["pii", "injection"], "messages.1.content", question)]
    return {"request": told, "response": [row("output", ["secrets"], "0.content", answer)] if answer else []}


def _observed(system: str, question: str, answer: str) -> Json:
    def like(text: str) -> Json:
        crc = zlib.crc32(text[:_GIST].encode())
        return {"bucket": crc % _BUCKETS, "unknown": crc % 25 / 100, "script": "latin", "language": "en"}

    said = {"output": {**like(answer), "refusal": answer == REFUSED}} if answer else {}
    template = hashlib.blake2b(system.encode(), digest_size=8).hexdigest()
    return {"input": {"chars": len(question), **like(question)}, "template": template, **said}


def _texts(system: str, question: str, answer: str) -> Json:
    def kept(place: str, scope: str, text: str) -> Json:
        return {"place": place, "scope": scope, "text": text}

    told = [kept("messages.0.content", "system", system), kept("messages.1.content", "user", question)]
    return {"input": told, "output": [kept("0.content", "output", answer)] if answer else []}
