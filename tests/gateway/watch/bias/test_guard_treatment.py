"""What our own rules make of groups."""

from gateway.watch.bias.guard_treatment import said_of, treated
from gateway.watch.row import Label
from tests.gateway.watch.groups import grouped, traffic
from tests.gateway.watch.records import NOW, record


def test_a_rule_that_fires_more_often_on_one_group():
    """It is told first, as unfair, with how many times as often."""
    found = treated(traffic(2000, blocked=0.1, more=3.0), {})
    assert {(row["group"], row["is_unfair"]) for row in found} == {("a", True), ("b", True)}
    (row,) = [row for row in found if row["group"] == "b"]
    assert (row["attribute"], row["rule"], row["measure"]) == ("group", "pii", "fires")
    assert 2 < row["times"]["value"] < 4


def test_a_fair_rule():
    """It is told as that."""
    assert not any(row["is_unfair"] for row in treated(traffic(2000, blocked=0.1), {}))


def test_wrong_more_often():
    """Of what somebody has looked at: how often the rule was wrong."""
    records = [grouped(number, "ab"[number % 2], blocked=True) for number in range(400)]
    labels = [
        Label(
            each["request_id"],
            "shop",
            "review",
            "pii",
            NOW,
            "inside" if number % (4 if number % 2 else 20) < 2 else "outside",
            None,
        )
        for number, each in enumerate(records)
    ]
    found = [row for row in treated(records, said_of(labels)) if row["measure"].startswith("wrongly")]
    assert {row["group"] for row in found if row["is_unfair"]} == {"a", "b"}


def test_an_app_s_word_counts_for_every_rule():
    """A report of a false alarm without a rule is about all that fired."""
    labels = [
        Label("req_1", "shop", "feedback", "", NOW, "false_positive", None),
        Label("req_2", "shop", "feedback", "answer", NOW, "good", None),
    ]
    assert said_of(labels) == {"req_1": {"": True}}


def test_few():
    """Of few people there is no figure, and not even how many they are."""
    found = treated(traffic(20, blocked=0.5), {})
    assert {(row["size"], row["rate"], row["is_unfair"]) for row in found} == {(None, None, False)}


def test_without_groups():
    """Exchanges of which it is not known whom they were about say nothing."""
    assert treated([record(number) for number in range(50)], {}) == []
