"""What is counted of one key."""

import json

from gateway.detecting.facts import Facts, Hit, facts
from gateway.detecting.sorts import APP, UPSTREAM
from gateway.detecting.tallies import MAX_FINDINGS, MAX_MODELS, Tally
from tests.gateway.detecting.simulated_hours import FAILED, NOW, record


def known(number: int = 1, **fields: object) -> Facts:
    found = facts(record(number, NOW, **fields))
    assert found
    return found


def answered(tally: Tally, count: int, model: str) -> list[int]:
    return [tally.count(known(answer={"model": model, "finish": ["stop"]}), NOW) & Hit.OTHER_MODEL for _ in range(count)]


def test_a_share_is_of_those_of_which_it_can_be_told():
    """A failed exchange says nothing of how answers end."""
    tally = Tally(UPSTREAM, ("near", "m-1"))
    for fields in ({}, {}, FAILED, {"answer": {"finish": []}}):
        tally.count(known(**fields), NOW)
    tally.close()
    counts = {share.series: (rise.hits, rise.tries) for share, rise in zip(UPSTREAM.shares, tally.rises, strict=True)}
    assert counts["failed exchanges"] == (1, 4)
    assert counts["answers without an end"] == (1, 3)


def test_it_is_steady_once_enough_was_answered():
    """What fails only is not."""
    tally = Tally(UPSTREAM, ("near", "m-1"))
    for _ in range(100):
        tally.count(known(**FAILED), NOW)
    assert not tally.is_steady
    for _ in range(20):
        tally.count(known(), NOW)
    assert tally.is_steady


def test_another_model_is_one_that_did_not_answer_before():
    """Until it has for so long that it is usual; nothing is another before it is known which are usual."""
    tally = Tally(UPSTREAM, ("near", "m-1"))
    assert not any(answered(tally, 60, "m-1-2026"))
    tally.learn_models(is_usual=True)
    assert all(answered(tally, 30, "m-tiny"))
    tally.learn_models(is_usual=False)
    assert all(answered(tally, 30, "m-tiny"))
    assert not any(answered(tally, 5, "m-1-2026"))
    tally.learn_models(is_usual=True)
    assert not any(answered(tally, 5, "m-tiny"))


def test_names_of_models_and_kinds_take_no_more_room():
    """However many there are; kinds that found none are counted."""
    tally = Tally(APP, ("shop",))
    assert tally.found([("rule", str(kind)) for kind in range(MAX_FINDINGS + 5)], "req_1") == 5
    upstream = Tally(UPSTREAM, ("near", "m-1"))
    for number in range(100):
        answered(upstream, 1, f"m{number}")
    upstream.learn_models(is_usual=True)
    assert len(upstream.models) == MAX_MODELS


def test_what_is_found_first_now_was_never_found_before():
    """So that a first burst is seen as one: it is known of how many exchanges it was not."""
    tally = Tally(APP, ("shop",))
    for _ in range(30):
        for _ in range(10):
            tally.count(known(), NOW)
        tally.close()
    tally.found([("injection", "injection")], "req_1")
    rise = tally.findings["injection", "injection"].rise
    assert rise.is_ready
    assert rise.usual < 0.01


def test_a_tally_outlasts_a_restart():
    """As it was, also in the middle of a step."""
    tally = Tally(APP, ("shop",))
    for number in range(50):
        tally.count(known(number), NOW + number)
        tally.found([("pii", "pii.URL")], f"req_{number}")
    saved = json.loads(json.dumps(tally.as_json()))
    assert json.loads(json.dumps(Tally.from_json(APP, saved).as_json())) == saved
