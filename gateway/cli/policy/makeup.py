"""What a policy is made of, for people: the files that it was merged from, where each rule's words stand, and the bounds of its domain."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from policies.domain import Domain, Topics
from policies.domain_parts import Path, action_of, bounds, name_of
from policies.load import LoadedPolicy

_LONG = 80


def lines(loaded: LoadedPolicy) -> Iterator[str]:
    policy = loaded.policy
    yield f"policy    {loaded.version} ({policy.mode})"
    if len(loaded.layers) > 1:
        yield f"merged    {', then '.join(loaded.layers)}: what lies on top wins"
        for name, places in loaded.origins.items():
            yield f"origin    {name}: {', then '.join(places)}"
    for path, value in bounds(policy.domain):
        yield f"bound     {name_of(path)}: {_shown(value)}; outside: {_outside(policy.domain, path)}"


def as_json(loaded: LoadedPolicy) -> dict[str, object]:
    domain = loaded.policy.domain
    return {
        "policy": loaded.version,
        "layers": list(loaded.layers),
        "origins": {name: list(places) for name, places in loaded.origins.items()},
        "domain": {name_of(path): {"bound": _shown(value), "action": action_of(domain, path)} for path, value in bounds(domain)},
    }


def _outside(domain: Domain, path: Path) -> str:
    of_request, of_answer = action_of(domain, path), action_of(domain, path, of_answer=True)
    return of_request if of_request is of_answer else f"{of_request}, in an answer {of_answer}"


def _shown(value: object) -> str:
    if isinstance(value, Topics):
        return ", ".join(topic.name for topic in value.allow)
    if isinstance(value, BaseModel):
        return ", ".join(f"{key} {_shown(inner)}" for key, inner in value.model_dump(exclude_none=True, mode="json").items())
    if isinstance(value, Mapping):
        return f"a form of {', '.join(map(str, value))}"[:_LONG]
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    text = str(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
