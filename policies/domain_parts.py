"""The bounds of a domain, one by one: what each is called in records, what it says, what breaking it calls for, and a policy without it."""

from collections.abc import Iterator

from policies.domain import Domain
from policies.policy import Policy
from policies.verdict import Action

Path = tuple[str, ...]
PATHS: tuple[Path, ...] = (
    ("languages",),
    ("topics",),
    ("hours",),
    ("groups",),
    ("input", "max_chars"),
    ("input", "max_messages"),
    ("input", "modalities"),
    ("request", "models"),
    ("request", "max_tokens"),
    ("request", "temperature"),
    ("request", "top_p"),
    ("request", "n"),
    ("tools", "allow"),
    ("tools", "arguments"),
    ("output", "max_chars"),
    ("output", "languages"),
    ("output", "json_schema"),
    ("output", "regex"),
    ("output", "grammar"),
    ("output", "uncertainty"),
)


def name_of(path: Path) -> str:
    """``domain.request.max_tokens``, as records and verdicts have it."""
    return ".".join(("domain", *path))


def bounds(domain: Domain) -> Iterator[tuple[Path, object]]:
    """Those that are set, with what they say."""
    for path in PATHS:
        value = _value(domain, path)
        if value is not None and value != {}:
            yield path, value


def action_of(domain: Domain, path: Path, *, of_answer: bool = False) -> Action:
    """What is done about an exchange outside of this bound. A request cannot be asked for again."""
    if path == ("topics",) and domain.topics:
        return domain.topics.outside.action
    if path == ("output", "uncertainty") and domain.output.uncertainty:
        return domain.output.uncertainty.action
    part = _value(domain, path[:1])
    action: Action = getattr(part, "action", None) or domain.action
    return domain.action if action is Action.REASK and path == ("tools", "allow") and not of_answer else action


def without(policy: Policy, path: Path) -> Policy:
    """The policy with the bound left out."""
    unset: object = {} if path == ("tools", "arguments") else None
    domain = policy.domain
    if len(path) == 1:
        domain = domain.model_copy(update={path[0]: unset})
    else:
        part = getattr(domain, path[0]).model_copy(update={path[1]: unset})
        domain = domain.model_copy(update={path[0]: part})
    return policy.model_copy(update={"domain": domain})


def _value(domain: Domain, path: Path) -> object:
    value: object = domain
    for key in path:
        value = getattr(value, key)
    return value
