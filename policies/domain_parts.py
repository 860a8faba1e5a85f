"""The bounds of a domain, one by one: what each is called in records, what it says, what breaking it calls for, and a policy without it."""

from collections.abc import Iterator, Mapping

from policies.domain import Domain
from policies.policy import Policy
from policies.positions import Loc
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
OF_REQUESTS: Mapping[Path, str] = {
    ("hours",): "exchange.time",
    ("groups",): "exchange.group",
    ("input", "max_chars"): "exchange.chars",
    ("input", "max_messages"): "exchange.messages",
    ("input", "modalities"): "exchange.kinds",
    ("request", "models"): "exchange.model",
    ("request", "max_tokens"): "exchange.max_tokens",
    ("request", "temperature"): "exchange.temperature",
    ("request", "top_p"): "exchange.top_p",
    ("request", "n"): "exchange.n",
    ("tools", "allow"): "exchange.tools",
}
"""The bounds that requests are held to before anything is sent, and what each hangs on."""


def name_of(path: Path) -> str:
    """``domain.request.max_tokens``, as records and verdicts have it."""
    return ".".join(("domain", *path))


def bounds(domain: Domain) -> Iterator[tuple[Path, object]]:
    """Those that are set, with what they say."""
    for path in PATHS:
        value = _value(domain, path)
        if value != _unset(path):
            yield path, value


def action_of(domain: Domain, path: Path, *, of_answer: bool = False) -> Action:
    """What is done about an exchange outside of this bound.

    A request cannot be asked for again: tools that it offers are treated as the domain says. Nor is an answer for its language, which a
    rule judges: it is blocked.
    """
    action = _own_action(domain, path) or domain.action
    if action is Action.REASK and path == ("tools", "allow") and not of_answer:
        return domain.action
    return Action.BLOCK if action is Action.REASK and path == ("output", "languages") else action


def action_loc(old: Domain, new: Domain, path: Path) -> Loc:
    """Which key the action is changed by between two domains that both have the bound."""
    is_own = _own_action(old, path) is not None or _own_action(new, path) is not None
    return ("domain", *_action_path(path)) if is_own else ("domain", "action")


def _own_action(domain: Domain, path: Path) -> Action | None:
    """None: the domain's."""
    action: object = domain
    for key in _action_path(path):
        action = getattr(action, key, None)
    return action if isinstance(action, Action) else None


def _action_path(path: Path) -> Path:
    if path == ("topics",):
        return "topics", "outside", "action"
    return (*path, "action") if path == ("output", "uncertainty") else (path[0], "action")


def without(policy: Policy, path: Path) -> Policy:
    """The policy with the bound left out."""
    unset, domain = _unset(path), policy.domain
    if len(path) == 1:
        domain = domain.model_copy(update={path[0]: unset})
    else:
        part = getattr(domain, path[0]).model_copy(update={path[1]: unset})
        domain = domain.model_copy(update={path[0]: part})
    return policy.model_copy(update={"domain": domain})


def _unset(path: Path) -> object:
    return {} if path == ("tools", "arguments") else None


def _value(domain: Domain, path: Path) -> object:
    value: object = domain
    for key in path:
        value = getattr(value, key)
    return value
