"""What is allowed and hardly meant: each remark with its line, key and code."""

import pytest

from detectors.finding import Finding
from gateway.wire.logprobs import asking
from gateway.wire.otlp.exports import SURFACE as OTLP
from gateway.wire.routes import routes
from policies.decide import Outcome
from policies.extend import extend
from policies.lint.answers import ASKED_AGAIN, WITHOUT_LOG_PROBABILITIES
from policies.lint.remarks import CODES, lint
from policies.lint.surfaces import SCOPES
from policies.policy import Policy
from policies.positions import parse
from policies.schema import validate
from policies.subject import GENERATING

TODAY = "2026-11-22"


def remarks(text: str, catalog, scan=None) -> list[str]:
    """All remarks about a policy of this text, which begins on line 1 of p.yaml."""
    merged = extend(parse(text, "p.yaml"), lambda name: None)
    return [str(each) for each in lint(validate(Policy, merged.node), merged, None, catalog, TODAY, scan)]


def rules(*lines: str) -> str:
    """Rules, one a line, from line 2."""
    return "\n".join(["{name: p, owner: me, rules: [", *(f"  {{{line}}}," for line in lines), "]}"])


OF_PLAIN = "name: p\nowner: me\napplies_to: {surfaces: [embeddings, moderations]}"
FLOWS = "- {from: user, to: output}\n- {from: user, to: tool_arguments.send}\n- {from: tool_results, to: assistant}"
MAIL = "id: mail, detect: pii, entities: [EMAIL_ADDRESS]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: p", ["1: name: no owner is named*[no-owner]"]),
        ("name: p\nowner: me", []),
        ("name: p\nowner: me\nreview_by: 2026-11-21", ["3: review_by: it was to be looked at by 2026-11-21 [review-past]"]),
        ("name: p\nowner: me\nreview_by: 2026-11-22", []),
        (rules(f"{MAIL}, action: flag"), []),
        (
            rules(f"{MAIL}, action: allow"),
            ["2: rules[0].action: allow changes *yet it blocks what it cannot check (on_error, on_timeout, on_unavailable) [no-effect]"],
        ),
        (
            rules(f"{MAIL}, action: allow, on_error: flag, on_timeout: allow, on_unavailable: flag"),
            ["2: rules[0].action: allow changes nothing: what the rule finds is recorded and passes [no-effect]"],
        ),
        (
            rules(f"{MAIL}, action: tokenize, scope: [output]"),
            ["2: rules[0].scope: in output, *: the rule does nothing [no-effect]"],
        ),
        (rules(f"{MAIL}, action: tokenize, scope: [user]"), []),
        (rules(f"{MAIL}, action: tokenize, restore: false, scope: [output]"), []),
        (
            rules(f"{MAIL}, action: mask, scope: [user, tool_definitions]"),
            ["2: rules[0].scope: in tool_definitions, *not mask [unread-definitions]"],
        ),
        (rules(f"{MAIL}, action: block, scope: [user, tool_definitions]"), []),
        (
            rules(f"{MAIL}, action: redact", f"{MAIL.replace('mail', 'more')}, action: redact, scope: [user]"),
            ["3: rules[1]: mail does the same to all that more finds [shadowed-rule]"],
        ),
        (
            rules(f"{MAIL}, action: redact, scope: [user]", f"{MAIL.replace('mail', 'more')}, action: block"),
            ["2: rules[0]: more does more (block) to all that mail finds [shadowed-rule]"],
        ),
        (
            rules(f"{MAIL}, action: redact", f"{MAIL.replace('mail', 'twin')}, action: redact"),
            ["3: rules[1]: mail does the same to all that twin finds [shadowed-rule]"],
        ),
        (rules(f"{MAIL}, action: redact, scope: [user]", f"{MAIL.replace('mail', 'more')}, action: redact, scope: [output]"), []),
        (rules(f"{MAIL}, action: flag", f"{MAIL.replace('mail', 'more')}, action: redact"), []),
        (rules(f"{MAIL}, action: redact, mode: shadow", f"{MAIL.replace('mail', 'more')}, action: redact"), []),
        (rules(f"{MAIL}, action: redact, when: exchange.stream", f"{MAIL.replace('mail', 'more')}, action: redact, scope: [user]"), []),
        (
            rules(f"{MAIL}, action: redact", f"{MAIL.replace('mail', 'more')}, action: redact, scope: [user], when: exchange.stream"),
            ["3: rules[1]: mail does the same to all that more finds [shadowed-rule]"],
        ),
        (
            rules(f"{MAIL}, action: redact, min_score: 0.5", f"{MAIL.replace('mail', 'more')}, action: redact, min_score: 0.4"),
            ["2: rules[0]: more does the same to all that mail finds [shadowed-rule]"],
        ),
        (rules(f"{MAIL}, action: redact, min_score: 0.5", f"{MAIL.replace('mail', 'more')}, action: redact, scope: [user]"), []),
        (rules(f"{MAIL}, action: redact, allow_list: [a@b.example]", f"{MAIL.replace('mail', 'more')}, action: redact, scope: [user]"), []),
        (rules("id: a, detect: pii, action: redact", f"{MAIL}, action: redact, scope: [user]"), []),
        (
            rules(
                f"{MAIL}, action: block, scope: [user]",
                "id: let, detect: pii, action: allow, on_error: allow, on_timeout: allow, on_unavailable: allow, scope: [user]",
            ),
            [
                "3: rules[1].action: allow changes nothing: what the rule finds is recorded and passes [no-effect]",
                "3: rules[1].action: mail says block to the same, and the strictest wins; *[contradicting-rules]",
            ],
        ),
        (
            rules(f"{MAIL}, action: flag, when: exchange.messages < 0"),
            ["2: rules[0].when: this holds for no exchange: the rule can never fire [condition-never-true]"],
        ),
        (
            rules(f"{MAIL}, action: flag, on_error: flag, when: exchange.stream || signals.drift.topix > 0.25"),
            ["2: rules[0].when: nothing tells signals.drift.topix: *on_error (flag) is taken; did you mean topics? [condition-undecided]"],
        ),
        (rules(f"{MAIL}, action: flag, when: signals.drift.topics > 0.25 || signals.disparity.refused > 0.1"), []),
        (
            rules(f"{MAIL}, action: flag, when: 'signals.disparity[\"hair\"] > 0.1'"),
            ["2: rules[0].when: nothing tells signals.disparity.hair: *allowed: blocked, refused, *[condition-undecided]"],
        ),
        (rules(f"{MAIL}, action: flag, when: signals.anomaly.logs > 0.1 || signals.incident.open > 0"), []),
        (rules(f"{MAIL}, action: flag, when: 'exchange.group == \"staff\" || findings.exists(f, f.score > 0.9)'"), []),
        (
            rules(f"{MAIL}, action: flag, when: 'exchange.stream && exchange.surface == \"chatt\"'"),
            ["2: rules[0].when: no surface is called chatt, *did you mean chat? [no-effect]"],
        ),
        (rules(f"{MAIL}, action: flag, when: 'true'"), ["2: rules[0].when: this holds for every exchange*[condition-always-true]"]),
        (
            rules(r"id: a, detect: pii, action: flag, patterns: [{name: WORD, regex: '\b[a-z]{3,20}\b'}]"),
            ["2: rules[0].patterns[0].regex: ordinary prose is full of values of this form *[pattern-too-wide]"],
        ),
        (
            rules(r"id: a, detect: pii, action: flag, patterns: [{name: EMP, regex: 'E-[0-9]{6}\b'}]"),
            ["2: rules[0].patterns[0].regex: it begins with letters or digits *[pattern-no-boundary]"],
        ),
        (
            rules(r"id: a, detect: pii, action: flag, patterns: [{name: EMP, regex: '\bE-[0-9]{6}'}]"),
            ["2: rules[0].patterns[0].regex: it ends with letters or digits *[pattern-no-boundary]"],
        ),
        (rules(r"id: a, detect: pii, action: flag, patterns: [{name: EMP, regex: '\bE-[0-9]{6}\b'}]"), []),
        (rules("id: a, detect: pii, action: flag, patterns: [{name: EMP, regex: 'Falcon', disguises: [spaced]}]"), []),
        (rules("id: a, detect: pii, action: flag, patterns: [{name: KEY, regex: '-----BEGIN PRIVATE KEY-----'}]"), []),
        (
            rules(f"{MAIL}, action: redact, scope: [output], stream: whole"),
            ["2: rules[0].stream: no answer is shown before it is whole*[waits-whole]"],
        ),
        (rules(f"{MAIL}, action: redact, scope: [output], stream: sentence"), []),
        (
            f"{OF_PLAIN}\nrules: [{{{MAIL}, action: block, scope: [reasoning]}}]",
            ["4: rules[0].scope: there is no such text on embeddings, moderations: the rule can never fire; there is output, user *"],
        ),
        (
            f"{{name: p, owner: me, applies_to: {{surfaces: [embeddings, chat]}}, rules: [{{{MAIL}, action: block, scope: [reasoning]}}]}}",
            [],
        ),
        (f"{{name: p, owner: me, applies_to: {{surfaces: ['e*']}}, rules: [{{{MAIL}, action: block, scope: [reasoning]}}]}}", []),
        (
            "name: p\nowner: me\napplies_to: {surfaces: [completions]}\ndomain:\n  output: {action: reask}\n  tools: {action: reask}",
            ["5: domain.output.action: reask: nobody can be asked*[surface-cannot]", "6: domain.tools.action: reask: *[surface-cannot]"],
        ),
        (
            "name: p\nowner: me\napplies_to: {surfaces: [embeddings]}\ndomain:\n  output: {regex: a}",
            ["5: domain.output.regex: no model writes an answer on embeddings [surface-cannot]"],
        ),
        (
            "name: p\nowner: me\napplies_to: {surfaces: [rerank]}\ndomain:\n  output: {regex: a}",
            ["5: domain.output.regex: answers on rerank are not held to this [surface-cannot]"],
        ),
        *(
            (
                f"name: p\nowner: me\napplies_to: {{surfaces: [chat, {name}]}}\ndomain:\n  output: {{{bound}}}",
                [f"5: domain.output.{bound.partition(':')[0]}: answers on {name} are not held to this [surface-cannot]"],
            )
            for name in ("realtime", "batches", "message_batches", "assistants", "files", "rerank")
            for bound in ("max_chars: 5", "json_schema: {type: object}", "uncertainty: {max_entropy: 2}")
        ),
        ("name: p\nowner: me\napplies_to: {surfaces: [chat, embeddings]}\ndomain: {output: {max_chars: 5}, tools: {allow: [a]}}", []),
        ("name: p\nowner: me\napplies_to: {surfaces: [chat, 'real*']}\ndomain: {output: {max_chars: 5}}", []),
        ("name: p\nowner: me\napplies_to: {surfaces: [realtime]}\ndomain: {output: {languages: [en], action: flag}}", []),
        ("name: p\nowner: me\napplies_to: {surfaces: [realtime]}\ndomain: {input: {max_chars: 5}, languages: [en]}", []),
        (
            "name: p\nowner: me\napplies_to: {surfaces: [realtime]}\ndomain:\n  tools:\n    allow: [a]\n    arguments: {a: {type: object}}",
            ["6: domain.tools.allow: answers on realtime are*[surface-cannot]", "7: domain.tools.arguments: answers*[surface-cannot]"],
        ),
        (
            f"name: p\nowner: me\napplies_to: {{surfaces: [realtime]}}\nflows:\n{FLOWS}",
            ["5: flows[0].to: answers on realtime *[surface-cannot]", "6: flows[1].to: answers on realtime *[surface-cannot]"],
        ),
        (f"name: p\nowner: me\napplies_to: {{surfaces: [messages, responses]}}\nflows:\n{FLOWS}", []),
        (
            "name: p\nowner: me\napplies_to: {surfaces: [messages]}\ndomain:\n  output: {uncertainty: {max_entropy: 2}}",
            ["5: domain.output.uncertainty: answers on messages have no log probabilities*[surface-cannot]"],
        ),
        ("name: p\nowner: me\napplies_to: {surfaces: [messages, chat]}\ndomain:\n  output: {uncertainty: {max_entropy: 2}}", []),
        (
            "name: p\nowner: me\ndomain:\n  output: {languages: [en]}",
            ["4: domain.output.languages: no answer is shown before it is whole (stream: sentence waits less) [waits-whole]"],
        ),
        ("name: p\nowner: me\ndomain:\n  output: {languages: [en], stream: sentence}", []),
        ("name: p\nowner: me\ndomain:\n  output: {languages: [en], action: flag}", []),
        ("name: p\nowner: me\nmode: shadow\ndomain:\n  output: {languages: [en], stream: whole}", []),
        (
            "name: p\nowner: me\ndomain:\n  output: {json_schema: {}, stream: whole}",
            ["4: domain.output.stream: no answer is shown before it is whole*[waits-whole]"],
        ),
        ("name: p\nowner: me\ndomain:\n  output: {json_schema: {type: object}}", []),
        (
            "name: p\nowner: me\ndomain:\n  output:\n    json_schema: {type: object}\n    action: reask",
            ["6: domain.output.action: reask: no answer is shown before it is whole*[waits-whole]"],
        ),
        (
            "name: p\nowner: me\ndomain:\n  tools: {allow: [a], arguments: {a: {}}, action: reask}",
            ["4: domain.tools.action: reask: no answer is shown before it is whole*[waits-whole]"],
        ),
        (
            "name: p\nowner: me\ndomain:\n  output: {uncertainty: {max_entropy: 2, action: reask}}",
            ["4: domain.output.uncertainty.action: reask: no answer is shown before it is whole*[waits-whole]"],
        ),
        (
            "name: p\nowner: me\ndomain:\n  output: {uncertainty: {max_entropy: 2, action: block}}",
            ["4: domain.output.uncertainty.action: block: no answer is shown before it is whole*[waits-whole]"],
        ),
        (
            "name: p\nowner: me\ndomain:\n  output: {uncertainty: {max_entropy: 2, on_unavailable: block}}",
            ["4: domain.output.uncertainty.on_unavailable: block: no answer is shown before it is whole*[waits-whole]"],
        ),
        (
            "name: p\nowner: m\napplies_to: {surfaces: [messages]}\ndomain: {output: {uncertainty: {max_fpr: 0.1, on_unavailable: block}}}",
            [
                "4: domain.output.uncertainty.on_unavailable: *[waits-whole]",
                "4: domain.output.uncertainty.max_fpr: *[not-calibrated]",
                "4: domain.output.uncertainty: answers on messages *, so that all are blocked [surface-cannot]",
            ],
        ),
        (
            "name: p\nowner: me\ndomain:\n  output: {uncertainty: {max_fpr: 0.05}}",
            ["4: domain.output.uncertainty.max_fpr: no limit has been found for it yet, so 1.0 nats hold*[not-calibrated]"],
        ),
        (
            "name: p\nowner: me\ndomain:\n  output: {languages: [en], stream: sentence, action: reask}",
            ["4: domain.output.action: reask: an answer in another language is blocked*[no-effect]"],
        ),
        (
            "name: p\nowner: me\ndomain:\n  output: {max_chars: 5, stream: sentence}",
            ["4: domain.output.stream: only a bound on languages that blocks is judged sentence by sentence*[no-effect]"],
        ),
        (
            "name: p\nowner: me\ndomain:\n  output: {languages: [en], action: flag, stream: sentence}",
            ["4: domain.output.stream: only a bound on languages*[no-effect]"],
        ),
        ("name: p\nowner: me\ndomain:\n  output: {stream: whole}", ["4: domain.output.stream: there is no bound on answers [no-effect]"]),
        (
            "name: p\nowner: me\napplies_to: {apps: [a]}\nrollout: {of: q, percent: 5}",
            ["3: applies_to: while it is rolled out, it decides a share of what q would decide, and of nothing else [no-effect]"],
        ),
        ("name: p\nowner: me\napplies_to: {apps: ['*']}\nrollout: {of: q, percent: 5}", []),
        ("name: p\nowner: me\napplies_to: {apps: [a]}", []),
        (
            "name: p\nowner: me\napplies_to: {surfaces: [embeddings]}\ndomain: {topics: {allow: [{name: t, examples: [a, b, c, d, e]}]}}",
            ["4: domain.topics: documents that are embedded are judged like a user's words*[surface-cannot]"],
        ),
        (
            "name: p\nowner: me\ndomain:\n  topics:\n    allow:\n    - {name: t, examples: [a, b, A]}",
            [
                "4: domain.topics.outside.max_fpr: 2 examples tell what is outside at about 0.061 at finest; at 0.05 *[rate-too-fine]",
                "6: domain.topics.allow[0].examples: 2 examples of t: *[few-examples]",
            ],
        ),
        (
            "name: p\nowner: me\ndomain:\n  topics:\n    allow: [{name: t, examples: [a, b, c, d, e]}]\n    outside:\n      max_fpr: 0.01",
            ["7: domain.topics.outside.max_fpr: 5 examples tell what is outside at about 0.011 at finest; at 0.01 *[rate-too-fine]"],
        ),
        (
            "name: p\nowner: me\ndomain: {tools: {allow: [send]}}\nflows:\n- {from: tool_results.inbox, to: tool_arguments.send.to}",
            ["5: flows[0].from: inbox is not among the tools that the domain allows*[dead-flow]"],
        ),
        ("name: p\nowner: me\ndomain: {tools: {allow: [send]}}\nflows:\n- {from: 'tool_results.*', to: tool_arguments.send.to}", []),
        ("name: p\nowner: me\nflows:\n- {from: tool_results.inbox, to: tool_arguments.send.to}", []),
    ],
)
def test_remarks(catalog, text, expected):
    """What is said of a policy, and that nothing else is."""
    said = remarks(text, catalog)
    assert len(said) == len(expected), said
    for line, pattern in zip(said, expected, strict=True):
        parts = f"p.yaml:{pattern}".split("*")
        assert line.startswith(parts[0])
        assert all(part in line for part in parts)
        assert line.rpartition("[")[2].rstrip("]") in CODES


def test_allow_list(catalog):
    """A value that the rule would not find by itself need not be allowed, and is likely mistyped. What a model judges is left alone."""

    def scan(rule, text):
        assert rule.allow_list == ()
        at = text.find("a@b.example")
        found = (Finding("pii", "pii.EMAIL_ADDRESS", at, at + 11, 1.0),) if at >= 0 else ()
        return Outcome(found)

    text = rules(
        f"{MAIL}, action: flag, allow_list: [a@b.example, to a@b.example, b.example]",
        "id: people, detect: pii, entities: [PERSON], action: flag, on_error: flag, allow_list: [b.example]",
    )
    assert [line.partition(": no value")[0] for line in remarks(text, catalog, scan)] == [
        "p.yaml:2: rules[0].allow_list[1]",
        "p.yaml:2: rules[0].allow_list[2]",
    ]
    assert remarks(text, catalog) == []


def test_many_rules_in_a_sane_time(catalog):
    """The number of comparisons grows with the number of rules, and not with its square."""
    alike = rules(
        *(f"id: r{index}, detect: pii, entities: [EMAIL_ADDRESS], action: flag, min_score: 0.{index:04}" for index in range(5000))
    )
    policy = validate(Policy, parse(alike, "p.yaml"))
    compared = 0

    class Counting(Policy):
        def is_shadow(self, rule):
            nonlocal compared
            compared += 1
            return super().is_shadow(rule)

    counting = Counting.model_construct(**{name: getattr(policy, name) for name in Policy.model_fields})
    root = parse(alike, "p.yaml")
    lint(counting, extend(root, lambda name: None), None, catalog, TODAY)
    assert compared < 5000 * 500


def test_surfaces_exist():
    """What is said of surfaces is said of those that are served."""
    served = {dialect.surface for route in routes() for dialect in route.dialects.values()}
    assert SCOPES.keys() | ASKED_AGAIN <= served | {OTLP}
    assert {name for name in GENERATING if asking(name, {}) is None} == WITHOUT_LOG_PROBABILITIES


def test_codes_are_explained():
    """Every code has its meaning, in lower-case words."""
    assert all(code == code.lower() and meaning for code, meaning in CODES.items())
