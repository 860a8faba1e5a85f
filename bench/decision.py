"""What deciding costs, apart from detecting: one new text of an exchange under policies of 50 and of 1,000 rules.

Two parts: which rules are asked (their conditions, as a plan has them), and what the findings of those come to. Findings are made up.
Each figure is CPU time, of the fastest of several rounds, so that other work on the machine counts little.
"""

from collections.abc import Callable
from time import thread_time_ns

from detectors.finding import Finding
from detectors.registry import Catalog
from gateway.guard.plan import Plan, compile_plan
from policies.conditions import Circumstances
from policies.decide import Outcome, decide
from policies.load import load_text
from policies.subject import Asked, Signals, Subject
from policies.vocabulary import Scope

AIMS_US = {50: 30.0, 1000: 300.0}
_LENGTH = 400
_ACTIONS = ("flag", "redact", "tokenize, restore: true", "mask")
_CONDITIONS = (
    "exchange.group == 'staff'",
    "exchange.messages > 20 && exchange.stream",
    "signals.incident.severity >= 2 || exchange.app == 'shop'",
    "exchange.app in ['support', 'office'] && exchange.max_tokens < 4096",
)
_QUIET = Outcome(())
_ABOUT = (Subject("support", "gpt-4o", "chat", group="guests"), Asked(stream=True, messages=4, chars=1600, max_tokens=500), Signals())


def decision(rounds: int = 15) -> dict[str, dict[str, dict[str, float]]]:
    """µs of one exchange, by number of rules and by what they do."""
    found = {f"{count} rules": _of_size(count, rounds) for count in AIMS_US}
    width = max(len(name) for figures in found.values() for name in figures)
    for (count, aim), figures in zip(AIMS_US.items(), found.values(), strict=True):
        print(f"{count} rules, aim {aim:.0f} µs")
        for name, us in figures.items():
            print(f"  {name:<{width}} {us:8.1f} µs  {'' if us <= aim else 'missed'}")
    return {"decision_us": found}


def _of_size(count: int, rounds: int) -> dict[str, float]:
    plain, conditional = _plan(count, every=0), _plan(count, every=1)
    some, own = _plan(count, every=10), _plan(count, every=1, alike=False)
    return {
        "no rule fires": _us(lambda: _decided(plain, count, firing=0), rounds),
        "three rules fire": _us(lambda: _decided(plain, count, firing=3), rounds),
        "every tenth fires": _us(lambda: _decided(plain, count, firing=count // 10), rounds),
        "every tenth has a condition": _us(lambda: _asked(some), rounds),
        "each has a condition": _us(lambda: _asked(conditional), rounds),
        "each has a condition of its own": _us(lambda: _asked(own), rounds),
    }


def _plan(count: int, every: int, *, alike: bool = True) -> Plan:
    return compile_plan(load_text(_policy(count, every, alike=alike), "bench.yaml", Catalog()), lambda rule: ())


def _policy(count: int, every: int, *, alike: bool) -> str:
    """Rules with an id and a threshold each; every so-manieth has a condition. ``alike``: many have the same one."""
    rules = []
    for index in range(count):
        own = "" if alike else f" && exchange.chars > {index}"
        when = f', when: "({_CONDITIONS[index % len(_CONDITIONS)]}){own}"' if every and index % every == 0 else ""
        action = _ACTIONS[index % len(_ACTIONS)]
        threshold = f"min_score: {0.2 + index / count / 2:.4f}"
        rules.append(f"- {{id: r{index}, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], {threshold}, action: {action}{when}}}")
    return "name: bench\nrules:\n" + "\n".join(rules)


def _decided(plan: Plan, count: int, firing: int) -> Callable[[], object]:
    step = count // max(1, firing)
    checks = plan.on_request.of(Scope.USER)
    outcomes = [_found(index) if index % step == 0 and index // step < firing else _QUIET for index in range(count)]

    def once() -> object:
        return decide(plan.policy, [(check.rule, outcome) for check, outcome in zip(checks, outcomes, strict=True)], _LENGTH)

    return once


def _found(index: int) -> Outcome:
    start = index * 7 % (_LENGTH - 20)
    return Outcome((Finding("pii", "pii.EMAIL_ADDRESS", start, start + 15, 0.9),))


def _asked(plan: Plan) -> Callable[[], object]:
    def once() -> object:
        asked = plan.on_request.asked(Circumstances(*_ABOUT), with_findings=False)
        return decide(plan.policy, [(check.rule, _QUIET) for check in asked.of(Scope.USER)], _LENGTH)

    return once


def _us(make: Callable[[], Callable[[], object]], rounds: int) -> float:
    once = make()
    times = []
    for _ in range(rounds):
        runs = 0
        start = thread_time_ns()
        while thread_time_ns() - start < 20_000_000:
            for _ in range(20):
                once()
            runs += 20
        times.append((thread_time_ns() - start) / runs / 1000)
    return min(times)
