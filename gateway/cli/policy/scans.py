"""What the rules of several policies find in texts: each detector looks once at each text, at many texts together."""

from collections.abc import Iterable, Sequence

from detectors.contract import PooledDetector, TextDetector
from gateway.cli.detect import LocalScan
from gateway.cli.policy.remembered import Found, Remembered
from gateway.guard.plan import options_of
from gateway.proxy.offload import MAX_UNIT_CHARS
from policies.decide import NotChecked, Outcome
from policies.policy import Rule
from policies.vocabulary import Scope

_NOTHING = Outcome(())


class SharedScans:
    """A ``policies.rehearsal.exchange.Scan`` for texts that it was shown before. What the gateway shows no model, for being too long, is
    shown to none here.

    Raises ``DetectorError`` where one cannot be built, or run.
    """

    def __init__(self, local: LocalScan, remembered: Remembered, rules: Sequence[Rule]) -> None:
        self._local = local
        self._remembered = remembered
        self._rules = rules  # so that their ids stay theirs
        built = {id(rule): local.detectors(rule.detect, options_of(rule)) for rule in rules}
        self._digests = {rule: tuple(detector.digest for detector in detectors) for rule, detectors in built.items()}
        self._bounded = {rule: tuple(filter(_is_bounded, detectors)) for rule, detectors in built.items()}
        self._of_scope = {
            scope: {detector.digest: detector for rule in rules if scope in rule.scope for detector in built[id(rule)]} for scope in Scope
        }
        self._found: dict[str, dict[str, Found]] = {}

    def show(self, texts: Iterable[tuple[Scope, str]]) -> None:
        """What was shown before is forgotten."""
        self._found = {}
        missing: dict[str, dict[str, None]] = {}
        detectors: dict[str, TextDetector] = {}
        for scope, text in texts:
            wanted = self._of_scope[scope]
            if not wanted:
                continue
            found = self._found.get(text)
            if found is None:
                found = self._found[text] = self._remembered.known(text)
            for digest, detector in wanted.items():
                if digest not in found and not (len(text) > MAX_UNIT_CHARS and _is_bounded(detector)):
                    detectors[digest] = detector
                    missing.setdefault(digest, {})[text] = None
        for digest, asked in missing.items():
            results = [tuple(findings) for findings in self._local.run(detectors[digest], list(asked))]
            for text, findings in zip(asked, results, strict=True):
                self._found[text][digest] = findings
            self._remembered.keep(digest, zip(asked, results, strict=True))

    def __call__(self, rule: Rule, text: str) -> Outcome:
        found = self._found[text]
        digests = self._digests[id(rule)]
        if len(text) > MAX_UNIT_CHARS and (bounded := self._bounded[id(rule)]):
            findings = tuple([finding for digest in digests for finding in found.get(digest, ())])
            return Outcome(findings, tuple([NotChecked(detector.name, "too_long") for detector in bounded]))
        if len(digests) == 1:
            findings = found[digests[0]]
            return Outcome(findings) if findings else _NOTHING
        several = [finding for digest in digests for finding in found[digest]]
        return Outcome(tuple(several)) if several else _NOTHING


def _is_bounded(detector: TextDetector) -> bool:
    """Whether it looks at a text as a whole, which may be too long for its model."""
    return isinstance(detector, PooledDetector) and detector.reads != "sentence"
