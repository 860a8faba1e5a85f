"""Where the calibrated bounds of one policy stop, so that they hold the false-alarm rates that it promises on its own traffic.

A detector's score is one less the chance that text of the kind that should pass looks as strange, as far as a policy's examples tell. On an
application's traffic that chance may be off. So ``oddgate calibrate`` makes a table of the scores that accepted exchanges had: from it
follows at which score the promised share of them lies beyond. The order of scores stays as it is; only the border among them moves.

What it guarantees is what conformal prediction does: an exchange that should pass, and comes from where the accepted ones came (is
exchangeable with them), is stopped with a chance of no more than the promised rate; but for what the detector's own table has to say, which
counts as ``PRIOR`` exchanges, and for stopped exchanges that nobody has looked at (see ``alarms``). The unit is the exchange: of a user's
texts in it the strangest counts. How unsure an answer may be is a limit of its own, found by ``certainty``.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from detectors.calibration import CalibrationError, Table, from_json, refine
from policies.domain import Uncertainty
from policies.domain_rules import DomainRule, promised
from policies.policy import Policy
from policies.problems import Problem, ProblemsError
from policies.vocabulary import Name, Rate, Schema

MAX_BYTES = 1 << 20
PRIOR = 100
"""The exchanges that a detector's own table stands for."""
_LEAST, _MOST = 1e-9, 0.5
_VERSION = 1
_AS_IT_IS = Table((0.0,), (1.0,), PRIOR)
"""Scores are what they say: the tail of each is one less the score."""


class Refined(Schema):
    """One bound. ``domain`` is the digest of the words that its detector was made of; a table for other words says nothing."""

    domain: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    table: dict[str, list[float] | int]


class Limit(Schema):
    """How unsure an answer may be, so that no more than ``max_fpr`` of the good ones are stopped."""

    max_fpr: Rate
    max_entropy: Annotated[float, Field(gt=0, le=20)]


class Calibration(Schema):
    """A file ``NAME.calibration.json``."""

    v: Literal[1]
    policy: Name
    rules: Annotated[dict[Literal["domain.languages", "domain.topics"], Refined], Field(max_length=2)]
    uncertainty: Limit | None = None


def refined(scores: Iterable[float]) -> Table:
    """The table of what accepted exchanges scored, beside what the detector's own one says."""
    return refine(_AS_IT_IS, [min(1.0, max(0.0, score)) for score in scores], PRIOR)


def border(found: Table, rate: float) -> float:
    """The chance at or below which a bound stops no more than this share."""
    return min(_MOST, max(_LEAST, 1 - found.score(rate)))


def write(policy: Policy, tables: Mapping[str, Table], limit: Limit | None = None) -> bytes:
    rules = promised(policy)
    found = {name: {"domain": domain_digest(rules[name]), "table": each.as_json()} for name, each in sorted(tables.items())}
    unsure = {"uncertainty": limit.model_dump()} if limit else {}
    return json.dumps({"v": _VERSION, "policy": policy.name, "rules": found, **unsure}, indent=1).encode() + b"\n"


def parse(content: bytes, file: str) -> Calibration:
    """Raises ``ProblemsError``."""
    if len(content) > MAX_BYTES:
        raise ProblemsError([Problem(file, 0, "", f"more than {MAX_BYTES} bytes; write it again: oddgate calibrate")])
    try:
        found = Calibration.model_validate_json(content)
        for each in found.rules.values():
            from_json(each.table)
    except (ValidationError, CalibrationError):
        raise ProblemsError([Problem(file, 0, "", "this is no calibration; write it again (oddgate calibrate), or remove it")]) from None
    return found


def applied(found: Calibration, policy: Policy, file: str) -> tuple[Policy, list[Problem]]:
    """The policy with its bounds where a calibration of these very words has them; and what does not count, and why. What the policy states
    itself stays.
    """
    if found.policy != policy.name:
        return policy, [Problem(file, 0, "policy", f"it was made for {found.policy}, so it does not count for {policy.name}")]
    rules = promised(policy)
    stale = list(_stale(found, rules))
    kept = {name: each for name, each in found.rules.items() if name not in stale}
    remarks = [Problem(file, 0, f"rules.{name}", "the policy's words have changed since, so it does not count") for name in stale]
    borders = {name: border(from_json(each.table), rules[name].max_fpr or 0) for name, each in kept.items()}
    policy = policy.model_copy(update={"borders": {**borders, **policy.borders}})
    unsure = policy.domain.output.uncertainty
    if found.uncertainty and unsure and unsure.max_fpr == found.uncertainty.max_fpr:
        return (_limited(policy, unsure, found.uncertainty) if unsure.max_entropy is None else policy), remarks
    if found.uncertainty:
        said = f"it was made for max_fpr: {found.uncertainty.max_fpr:g}, which the policy does not say, so it does not count"
        remarks.append(Problem(file, 0, "uncertainty", said))
    return policy, remarks


def _limited(policy: Policy, unsure: Uncertainty, limit: Limit) -> Policy:
    held = unsure.model_copy(update={"max_entropy": limit.max_entropy})
    output = policy.domain.output.model_copy(update={"uncertainty": held})
    return policy.model_copy(update={"domain": policy.domain.model_copy(update={"output": output})})


def _stale(found: Calibration, rules: Mapping[str, DomainRule]) -> Iterator[str]:
    for name, each in found.rules.items():
        if name not in rules or each.domain != domain_digest(rules[name]):
            yield name


def domain_digest(rule: DomainRule) -> str:
    """Of what its detector is made of: the topics' examples, or the languages."""
    words = [rule.detect, sorted(rule.languages), sorted([topic.name, list(topic.examples)] for topic in rule.topics)]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]
