"""A bound that an answer has broken."""

from dataclasses import dataclass

from gateway.wire.model import Place
from policies.verdict import Action, Fired
from policies.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class Broken:
    """``reason`` is for the model that is asked again: it has nothing of the answer's text."""

    place: Place
    scope: Scope
    fired: Fired
    reason: str

    @property
    def stops(self) -> bool:
        """Whether the answer may not go on as it is."""
        return self.fired.action.severity >= Action.BLOCK.severity and not self.fired.shadow

    @property
    def choice(self) -> int:
        """In which choice; answers without choices are the first."""
        numbers = [step for step in self.place[:2] if isinstance(step, int)]
        return numbers[0] if numbers and self.place[0] in ("choices", numbers[0]) else 0


def broken_choice(rule: str, choice: int, action: Action, reason: str, *, shadow: bool, why: str = "match") -> Broken:
    """A bound of what a choice says."""
    return Broken(("choices", max(choice, 0)), Scope.OUTPUT, Fired(rule, rule, 0, 0, 1.0, action, shadow, why), reason)
