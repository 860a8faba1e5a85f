"""Names in conditions that nothing goes by."""

import pytest

from detectors.registry import Catalog
from gateway.wire.routes import routes
from policies.lint.mentions import SURFACES, Mentions
from policies.load import load_text

POLICY = """
name: p
domain: {languages: [en]}
rules:
- {id: cards, detect: pii, entities: [CREDIT_CARD], action: flag}
- {id: own, detect: pii, entities: [TICKET], patterns: [{name: TICKET, regex: 'T-[0-9]{6}'}], action: flag}
"""
MENTIONS = Mentions(load_text(POLICY, "p.yaml", Catalog()).policy, Catalog())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exchange.surface == 'chatt'", ["no surface is called chatt, unless the settings add it; did you mean chat?"]),
        ("'respones' != exchange . surface", ["no surface is called respones, unless the settings add it; did you mean responses?"]),
        (
            "exchange.surface in ['chat', 'mesages']",
            ["no surface is called mesages, unless the settings add it; did you mean messages?"],
        ),
        ("exchange.surface == 'rerank' || exchange.surface == 'chat'", []),
        (
            "findings.exists(f, f.rule == 'crads')",
            ["no finding has the rule crads; did you mean cards? allowed: cards, own, domain.languages"],
        ),
        (
            "findings.filter(each, each.entity == 'CREDITCARD' && each.rule == 'own').size() > 1",
            ["no finding has the entity CREDITCARD; did you mean CREDIT_CARD? allowed: CREDIT_CARD, TICKET, other, outside"],
        ),
        ("findings.all(f, f.entity in ['TICKET', 'US_SSN'])", ["no finding has the entity US_SSN; allowed: *"]),
        ("findings.exists(f, 'users' == f.scope)", ["no finding has the scope users; did you mean user? allowed: *"]),
        ("findings.exists(f, f.rule == 'domain.languages' && f.entity == 'other' && f.scope == 'tool_results')", []),
        ("findings.exists(f, f.rule.startsWith('card') || f.entity.size() == 3 || f.kind == 'x')", []),
        ("exchange.tools.exists(t, t == 'crads') && size(findings) > 0 // f.rule == 'x'", []),
        ("exchange.user == \"exchange.surface == 'chatt'\" && exchange.app == 'chatt'", []),
    ],
)
def test_amiss(text, said):
    """What is compared with a name that there is not is named, with what there is; nothing else is."""
    told = list(MENTIONS.amiss(text))
    assert len(told) == len(said)
    assert all(line.startswith(expected.removesuffix("*")) for line, expected in zip(told, said, strict=True))


def test_surfaces():
    """They are those that the gateway serves."""
    assert {dialect.surface for route in routes(()) for dialect in route.dialects.values()} == set(SURFACES)
