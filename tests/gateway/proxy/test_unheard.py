"""Policies that hang on labels which nobody is trusted to say."""

import pytest

from detectors.registry import Catalog
from gateway.proxy.unheard import unheard
from policies.load import load_text

RULE = "{{id: {}, detect: pii, entities: [US_SSN], action: block, when: {!r}}}"
END = "which the settings trust nobody to say; add it to labels.trust, or to trust of the applications that may say it"


def policy(*conditions: str, domain: str = "{}"):
    rules = ", ".join(RULE.format(f"r{number}", condition) for number, condition in enumerate(conditions))
    return load_text(f"name: p\ndomain: {domain}\nrules: [{rules}]", "p.yaml", Catalog())


@pytest.mark.parametrize(
    ("conditions", "domain", "labels", "said"),
    [
        ((), "{groups: [staff]}", ("group",), [f"p: domain.groups hangs on x-oddgate-group, {END}"]),
        ((), "{groups: [staff]}", ("user", "session"), []),
        (("exchange.stream", "exchange . group == ''"), "{}", ("group",), [f"p: r1 hangs on x-oddgate-group, {END}"]),
        (("exchange.group == ''",), "{groups: [a]}", ("group",), [f"p: domain.groups and 1 more hang on x-oddgate-group, {END}"]),
        (
            ("exchange.user == 'u'", "exchange.session == 's'"),
            "{}",
            ("user", "session", "group"),
            [f"p: r0 hangs on x-oddgate-user, {END}", f"p: r1 hangs on x-oddgate-session, {END}"],
        ),
        (("exchange.user == 'u'",), "{groups: [a]}", (), []),
    ],
)
def test_unheard(conditions, domain, labels, said):
    """A bound or a condition on a label that is never read is named, once for each label."""
    assert list(unheard([policy(*conditions, domain=domain)], labels)) == said
