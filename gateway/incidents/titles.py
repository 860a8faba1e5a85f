"""What is wrong, in a few words for people on call: by the kind of symptom, and by its series where that says more.

What has no words here is called by its kind and its series.
"""

from collections.abc import Mapping

from gateway.incidents.symptom import Symptom

PHRASES: Mapping[str, str] = {
    "fast burn": "the error budget burns fast",
    "slow burn": "the error budget burns slowly",
    "predicted exhaustion": "the error budget will be used up",
    "predicted to pass its limit": "the {series} will pass its limit",
    "predicted rise": "the {series} is about to double",
    "beyond limit": "the {series} is beyond its limit",
    "upstream down": "an upstream does not answer",
    "cannot look": "a detector cannot look ({series})",
    "verdict burst": "a rule fires far more often",
    "verdict silence": "a rule that fired often is silent",
    "rise": "more than usual: {series}",
    "fall": "less than usual: {series}",
    "surge": "far more than usual: {series}",
    "silence": "none any more: {series}",
    "slow operation": "a step is slower: {series}",
    "slow path": "the way through the steps is longer: {series}",
    "stall": "streams pause for longer: {series}",
    "failing operation": "a step fails more often: {series}",
    "retry storm": "a step is repeated again and again: {series}",
    "missing span": "a step is left out: {series}",
    "extra span": "a step is new: {series}",
    "error lines": "the gateway logs errors",
    "new template": "log lines of a new kind",
    "template rate": "log lines of a kind come more or less often",
    "sequence break": "log lines come in another order",
    "parameter outlier": "log lines have odd numbers",
    "level shift": "at another level: {series}",
    "rare count": "counts what is rare: {series}",
    "spike": "a peak: {series}",
    "dip": "a dip: {series}",
    "variance change": "varies otherwise: {series}",
    "telemetry lost": "a source has stopped reporting",
    "input": "requests have changed: {series}",
    "output": "answers have changed: {series}",
    "prompt template": "prompts are written otherwise: {series}",
    "upstream model": "another model seems to answer: {series}",
    "concept": "like requests get other answers: {series}",
    "rule went silent": "a rule has gone silent: {series}",
    "score collapsed": "a detector's scores have collapsed: {series}",
    "detector scores": "a detector's scores have moved: {series}",
    "drift": "the traffic has changed: {series}",
    "disparity": "groups are treated differently: {series}",
    "differs for others": "answers differ by the group that asks: {series}",
}
PARTS: Mapping[str, str] = {
    "store_errors": "the store of exchanges fails",
    "store_rebuilt": "a damaged store was begun anew",
    "missed_bytes": "journal was removed before it was read",
    "unreadable": "lines of the journal cannot be read",
    "journal_errors": "the journal cannot be written",
    "vault_errors": "the store of placeholders fails",
    "worker_restarts": "workers die, and are started again",
    "otlp_errors": "the collector takes no spans",
    "drift_errors": "what is known of drift cannot be saved",
    "bias_errors": "what is known of bias cannot be saved",
    "telemetry_spool_errors": "what applications send cannot be put by",
    "asks_refused": "somebody without the gateway's key asks the watch",
    "source_faults": "reading other sources fails",
    "lag_bytes": "the watch falls behind the journal",
    "lag_records": "the watch falls behind what gateways send",
    "signals_age_seconds": "policies hear nothing from the watch",
    "policy_degraded": "a policy cannot be used, an older one is in force",
    "workers_missing": "workers do not serve",
}
"""Of ``failing`` and ``too high``: what a part says of itself."""
_OF_PARTS = frozenset({"failing", "too high"})


def title(symptom: Symptom) -> str:
    where = ", ".join(f"{name}={value}" for name, value in symptom.dimensions) or "the whole gateway"
    phrase = PARTS.get(symptom.series) if symptom.kind in _OF_PARTS else PHRASES.get(symptom.kind)
    said = f"{symptom.kind}: {symptom.series}" if phrase is None else phrase.replace("{series}", symptom.series)
    return f"{said} ({where})"
