"""What stands in the place of a value: one door for requests and answers, for every style."""

from gateway.guard.tokens import Tokens
from gateway.wire.model import Form
from policies.redact import mask, redact
from policies.verdict import Action, Edit

FIXED = frozenset({Form.KEY, Form.PICTURE})
"""Forms of texts that are judged where they stand, and that no edit reaches."""


def replacement(edit: Edit, value: str, tokens: Tokens, choice: str | None = None) -> str:
    """The text that replaces ``value``, in the edit's style. ``choice``: its placeholder's ``first_choice``, if that is known."""
    entity = edit.kind.rpartition(".")[2]
    match edit.action:
        case Action.TOKENIZE:
            return tokens.issue(entity, value, restore=edit.restore, first=choice)
        case Action.MASK:
            return mask(value)
        case Action.HASH:
            return tokens.hash(entity, value)
        case _:
            return redact(entity)
