"""Conditions that compile and can never be answered, or not where one of their parts is asked."""

import pytest

from policies.answerable import unanswerable
from policies.conditions import Condition


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1/0 == 1", "this can never be answered: there is a division by zero"),
        ("exchange.tokens > 5 && exchange.chars % 0 == 1", "this can never be answered: there is a division by zero"),
        ("exchange.tokens / (1 - 1) > 3", "this can never be answered: *"),
        ("exchange.user.matches('((')", "'((' can never be used: invalid regular expression: missing ): (("),
        ("exchange.stream && exchange.user.matches('''((''')", "'''((''' can never be used: invalid regular expression: missing ): (("),
        ('exchange.time.getHours("Europe/Berln") > 5', '"Europe/Berln" can never be used: Invalid timezone'),
        ("exchange.stream && exchange.time.getDayOfWeek('Mars') > 5", "'Mars' can never be used: Invalid timezone"),
        (
            "exchange.time > timestamp('2020-13-01T00:00:00Z')",
            "'2020-13-01T00:00:00Z' can never be used: String to Timestamp conversion failed",
        ),
        ("exchange.time - timestamp(0) > duration('5 hours')", "'5 hours' can never be used: String to Duration conversion failed"),
        ("exchange.tokens > dyn('a')", "this can never be answered: No matching overloads found : _>_(int64, string)"),
        ("findings.exists(f, f.score > 'high')", "this can never be answered: No matching overloads found : _>_(double, string)"),
        ("findings.exists(f, f.scoer > 0.5)", "a finding has no scoer; did you mean score? allowed: rule, kind, entity, scope, score"),
        ("size(findings.filter(it, it.rule == 'pii' && it [ 'type' ] == 'X')) > 1", "a finding has no type; allowed: *"),
        ("findings.exists(f, has(f.scores))", "a finding has no scores; did you mean score? allowed: *"),
        ("findings[0].scoer > 0.5", 'this can never be answered: Key not found in map : "scoer"'),
        (f"{''.join(f'[1,2,3,4,5,6,7,8,9,0].all({name}, ' for name in 'abcdef')}true{')' * 6}", "this can never be answered: *"),
        ("{'x': 1}['b'] == 1", 'this can never be answered: Key not found in map : "b"'),
        ("signals.drift.topics > 0.5 && {'x': 1}['b'] == 1", 'this can never be answered: Key not found in map : "b"'),
        ("int('x') == 1 && signals.incident.open == 0", "this can never be answered: cannot convert string to int"),
        ("signals.incident.open >= 0 && [1][5] == 1", "this can never be answered: Index error: *"),
        ("exchange.group != '' && 10 / (exchange.messages - exchange.messages) > 1", "this can never be answered: divide by zero"),
        ("exchange.user == 'eve' && !(exchange.stream || exchange.group.matches('x' + '('))", "this can never be answered: invalid *"),
        ("exchange.tools.exists(t, t.matches('x' + '('))", "this can never be answered: invalid regular expression: *"),
        ("findings.exists(f, f['ent' + 'ty'] == 'x')", 'this can never be answered: Key not found in map : "entty"'),
        ("has(signals.anomaly.logs) && signals.anomaly.logs > double('x')", "this can never be answered: *"),
        ("exchange.stream ? int('x') == 1 : true", "this can never be answered: cannot convert string to int"),
    ],
)
def test_no_answer(text, why):
    """What fails for every exchange, or wherever it is asked, is told in one line."""
    said = unanswerable(Condition(text)) or ""
    assert said.startswith(why.removesuffix("*"))
    assert said == why or why.endswith("*")
    assert "\n" not in said


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "1 > 2",
        "signals.drift.nobody > 0.1",
        "signals.drift['topics'] > 0.25 && exchange.stream",
        "exchange.chars / exchange.messages > 1000",
        "signals.incident.severity / signals.incident.open > 1",
        "int(exchange.user) % 10 == 0",
        "exchange.tools[2] == 'send_mail'",
        "findings[99].score > 0.1",
        "findings.exists(f, f.rule == 'pii' && f['score'] >= 1) && findings.all(g, g.kind.startsWith('pii.'))",
        "findings.map(f, f.score).exists(s, s > 0.9)",
        "exchange.tools.exists(f, f.startsWith('send_')) && size(findings) == 0",
        "exchange.user.matches('^[a-z]+$') || exchange.user.matches(exchange.group)",
        "exchange.user == \"timestamp('never')\" // .matches('((') / 0",
        "exchange.time.getHours('Europe/Berlin') >= 9 && exchange.time < timestamp('2030-01-01T00:00:00Z')",
        "exchange.time - timestamp('2020-01-01T00:00:00Z') > duration('5h')",
        "{'a': 1, 'b': 2}[exchange.group] == 2",
        "[{'name': 'a'}].exists(m, m.name == exchange.app) && size(findings) > 0",
        "double(exchange.chars) / 0.5 > 3.0 || exchange.chars / 10 > 3",
        "signals.drift[exchange.app + '.' + exchange.model] > 0.5 && signals.anomaly.all(name, signals.drift[name] > 0.1)",
        "exchange.group != '' && signals.disparity[exchange.group] > 0.5",
        "{'bot.a': 1}[exchange.app + '.' + exchange.model] == 1",
        "{'chat': 1}[exchange.surface] == 1 && signals.incident.open > 0",
        "exchange.group != '' && duration(exchange.group) > duration('5h')",
        "findings.exists(f, f.rule == 'pii' && f.entity == 'A') && findings.filter(f, f.rule == 'pii' && f.entity == 'A')[0].score > 0.9",
        "exchange.tools.filter(t, size(t) > 90)[0] == 'a' ? true : false",
        "size(findings) > 0 && 1 / size(findings.filter(f, f.score > 0.9)) > 0",
        "exchange.messages > size(exchange.tools) && exchange.tokens / (exchange.messages - size(exchange.tools)) > 10",
        "(exchange.app == 'a)' ? (exchange.user) : exchange.group) == 'b'",
    ],
)
def test_an_answer(text):
    """What some exchange has an answer for is let through, whatever it hangs on."""
    assert unanswerable(Condition(text)) is None
