"""What is known of incidents after the clock was set."""

import json
from dataclasses import replace

import pytest

from gateway.incidents.actions import Actions
from gateway.incidents.allowed import ActionSettings, Known
from gateway.incidents.incident import Acknowledged, advance
from gateway.incidents.moved import moved, not_ahead
from gateway.incidents.outbox import Outbox
from gateway.incidents.paging import Page
from gateway.incidents.pipeline import State
from gateway.incidents.rootcause import Change
from gateway.incidents.stages import Deploy, Silence
from gateway.incidents.triage import State as Triaged
from tests.gateway.incidents.notices import notice
from tests.gateway.incidents.symptoms import T0, burn, incident

DAY_S = 86_400.0


def known() -> State:
    """Something of everything that has a time."""
    open_, _ = advance(incident(burn()), Acknowledged("ann"), T0 + 5)
    limit = {"id": "calm", "do": {"rate_limit": {"app": "shop", "per_minute": 60}}}
    actions = Actions(ActionSettings.model_validate_json(json.dumps({"allow": [limit]})), Known(frozenset({"shop"}), {}, frozenset()))
    actions.opened(open_, (), T0)
    outbox = Outbox()
    outbox.put("hook", notice(), T0)
    triaged = Triaged(
        (open_, replace(open_, id="inc-over", state="resolved", closed_at=T0 + 9)),
        (Silence("s", (("app", "shop"),), "known", "ann", T0, T0 + 3600),), (Deploy("d", T0),), {"shop": (Page(open_.id, T0, "error"),)},
    )  # fmt: skip
    changed = (Change(T0, "deploy", "d"),)
    return State(triaged, outbox.state, learned={"shop": (T0, T0 + 9)}, actions=actions.snapshot().decode(), changed=changed)


def test_there_and_back():
    """Whatever has a time has it moved; set back, all is as it was."""
    before = known()
    after = moved(before, DAY_S)
    assert moved(after, -DAY_S) == before
    there, here = after.known.incidents[0], before.known.incidents[0]
    for name in ("onset", "since", "high_at", "told_at", "acked_at"):
        assert getattr(there, name) == getattr(here, name) + DAY_S
    assert there.opens == tuple(each + DAY_S for each in here.opens)
    assert [each.high_at for each in there.members] == [each.high_at + DAY_S for each in here.members]
    assert after.known.incidents[1].closed_at == T0 + 9 + DAY_S
    assert (after.known.silences[0].starts, after.known.silences[0].ends) == (T0 + DAY_S, T0 + 3600 + DAY_S)
    assert after.known.deploys[0].at == after.changed[0].at == T0 + DAY_S
    assert after.known.pages == {"shop": (Page(here.id, T0 + DAY_S, "error"),)}
    assert after.learned == {"shop": (T0 + DAY_S, T0 + 9 + DAY_S)}
    assert after.waiting.waiting[0].not_before == T0 + DAY_S
    assert f'"until":{T0 + DAY_S + 900}' in after.actions


def test_a_clock_that_was_set_back_meanwhile():
    """What would wait for a day is of now; what is not ahead stays as it is."""
    late = moved(known(), DAY_S)
    assert not_ahead(late, T0 + DAY_S) == late
    assert not_ahead(late, T0).known.incidents[0].high_at == pytest.approx(T0, abs=10)
    assert not_ahead(State(), T0) == State()


def test_nothing_is_before_all_times():
    """What would be is of the beginning, and nothing known is nothing."""
    assert moved(known(), -2 * T0).known.incidents[0].onset == 0
    assert moved(State(), DAY_S) == replace(State(), known=Triaged(pages={}))
