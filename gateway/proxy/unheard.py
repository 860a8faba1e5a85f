"""What policies ask of labels that nobody is trusted to say: every exchange is as if it had none."""

import re
from collections.abc import Collection, Iterable, Iterator

from policies.load import LoadedPolicy


def unheard(policies: Iterable[LoadedPolicy], labels: Collection[str]) -> Iterator[str]:
    """What is to be said of each policy that hangs on one of these labels, which no application is trusted to say."""
    for loaded in policies:
        for label in labels:
            asking = [rule.id for rule in loaded.policy.rules if rule.when and re.search(rf"\bexchange\s*\.\s*{label}\b", rule.when)]
            if label == "group" and loaded.policy.domain.groups is not None:
                asking.insert(0, "domain.groups")
            if asking:
                hangs = "hangs" if len(asking) == 1 else f"and {len(asking) - 1} more hang"
                where = "add it to labels.trust, or to trust of the applications that may say it"
                yield f"{loaded.policy.name}: {asking[0]} {hangs} on x-oddgate-{label}, which the settings trust nobody to say; {where}"
