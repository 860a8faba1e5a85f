"""Names that conditions compare with, and that there are not: a rule, an entity, a scope, a surface."""

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from policies.answerable import EACH, without_strings
from policies.domain_rules import all_rules
from policies.objections import Catalog
from policies.policy import Policy, Rule
from policies.problems import allowed
from policies.vocabulary import Scope

SURFACES = (
    "assistants", "batches", "chat", "completions", "containers", "conversations", "count_tokens", "embeddings", "evals", "files",
    "fine_tuning", "images", "message_batches", "messages", "models", "moderations", "realtime", "responses", "speech",
    "transcriptions", "translations", "uploads", "vector_stores",
)  # fmt: skip
"""Those that come with the gateway; its settings may add others."""
_DOMAINS = frozenset({"outside", "other"})
"""What bounds of a domain find."""
_LIST = r"\[\s*(#\d+(?:\s*,\s*#\d+)*)\s*\]"


class Mentions:
    """What conditions of one policy may name."""

    def __init__(self, policy: Policy, catalog: Catalog) -> None:
        self._known: Mapping[str, Collection[str]] = {
            "rule": [rule.id for rule in all_rules(policy)],
            "entity": sorted(_DOMAINS.union(*(_entities(rule, catalog) for rule in policy.rules))),
            "scope": [*Scope],
        }

    def amiss(self, text: str) -> Iterator[str]:
        """What is to be said of one condition."""
        bare, strings = without_strings(text)
        for said in _compared(r"exchange\s*\.\s*surface", bare, strings):
            close = get_close_matches(said, SURFACES, n=1, cutoff=0.7) if said not in SURFACES else ()
            if close:
                yield f"no surface is called {said}, unless the settings add it; did you mean {close[0]}?"
        for name in EACH.findall(bare):
            for key, known in self._known.items():
                for said in _compared(rf"{name}\s*\.\s*{key}", bare, strings):
                    if said not in known:
                        yield f"no finding has the {key} {said}; {allowed(said, known)}"


def _entities(rule: Rule, catalog: Catalog) -> Collection[str]:
    """Those that it may find."""
    return rule.entities if rule.entities is not None else {*catalog.entities(rule.detect), *(pattern.name for pattern in rule.patterns)}


def _compared(what: str, bare: str, strings: list[str]) -> Iterator[str]:
    """The strings that it is compared with."""
    what = rf"(?<![\w.]){what}(?!\w|\s*[.(\[])"
    forms = (rf"{what}\s*[=!]=\s*(#\d+)", rf"(#\d+)\s*[=!]=\s*{what}", rf"{what}\s+in\s+{_LIST}")
    for form in forms:
        for numbers in re.findall(form, bare):
            for number in re.findall(r"\d+", numbers):
                said = re.fullmatch(r"([\"'])([^\"'\\]+)\1", strings[int(number)])
                if said:
                    yield said[2]
