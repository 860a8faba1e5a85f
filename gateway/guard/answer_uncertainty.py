"""How unsure a model was of each choice of an answer, held to what the policy allows when the answer is over."""

from collections.abc import Iterable, Iterator, Mapping

from detectors.text.uncertainty import Surprisals
from detectors.text.uncertainty import Uncertainty as Measured
from gateway.guard.broken import Broken, broken_choice
from gateway.wire.logprobs import Token
from policies.domain import Uncertainty
from policies.verdict import Action

RULE = "domain.output.uncertainty"
_MAX_CHOICES = 128
_REASON = "the answer was too uncertain: say only what you are sure of"


class UncertaintyWatch:
    """``hear`` the tokens of an answer, ``speak`` for each choice that says something; ``end`` tells what is too uncertain.

    A choice that says something without any log probabilities cannot be judged, nor can one too many: it is treated as ``on_unavailable``
    says. One that only refuses, or calls tools, is not measured.
    """

    def __init__(self, bounds: Uncertainty, *, shadow: bool, may_reask: bool) -> None:
        self._bounds = bounds
        self._shadow = shadow
        self._action = Action.BLOCK if bounds.action is Action.REASK and not may_reask else bounds.action
        self._surprisals: dict[int, Surprisals] = {}
        self._spoke: dict[int, None] = {}
        self._measured: dict[int, Measured] = {}

    def hear(self, tokens: Iterable[Token]) -> None:
        for choice, log_probability, likeliest in tokens:
            if choice not in self._surprisals and len(self._surprisals) < _MAX_CHOICES:
                self._surprisals[choice] = Surprisals()
            if found := self._surprisals.get(choice):
                found.add(log_probability, likeliest)

    def speak(self, choice: int) -> None:
        if len(self._spoke) <= _MAX_CHOICES:  # one more than are measured
            self._spoke[max(choice, 0)] = None

    def end(self) -> Iterator[Broken]:
        for choice in self._spoke:
            found = self._surprisals.get(choice)
            measured = found.measure(self._bounds.tail) if found else None
            if measured is None:
                yield broken_choice(RULE, choice, self._bounds.on_unavailable, "", shadow=self._shadow, why="unavailable")
                continue
            self._measured[choice] = measured
            if self._is_too_high(measured):
                yield broken_choice(RULE, choice, self._action, _REASON, shadow=self._shadow)

    def measured(self) -> Mapping[int, Measured]:
        """What was measured, by choice."""
        return self._measured

    def _is_too_high(self, measured: Measured) -> bool:
        highest = self._bounds.max_tail_entropy
        return measured.mean > self._bounds.limit or (highest is not None and measured.tail > highest)
