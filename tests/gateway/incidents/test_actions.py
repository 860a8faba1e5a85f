"""What is done about incidents, and what becomes of it."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.incidents.actions import MAX_KEPT, Actions, Intervention, line
from gateway.incidents.allowed import ActionSettings, Endpoint, Known
from gateway.incidents.asks import Approve, Reject, Revert
from gateway.incidents.incident import Incident
from gateway.incidents.rootcause import Hint
from policies.measures import said
from policies.policy import Policy, Rule
from policies.verdict import Action
from tests.gateway.incidents.symptoms import T0, incident, symptom

POLICY = Policy(name="p", rules=(Rule(id="injection", detect="injection", action=Action.FLAG),))
KNOWN = Known(
    frozenset({"shop", "bank"}), {"openai": Endpoint("openai", True), "azure": Endpoint("openai", True)}, frozenset({"m-1"}), (POLICY,)
)
LIMIT = {"rate_limit": {"app": "{app}", "per_minute": 60}}
TTL_S = 900.0


def actions(*entries: dict, **keys: object) -> Actions:
    allow = [{"id": f"a{number}", "do": LIMIT, **each} for number, each in enumerate(entries or ({},))]
    return Actions(ActionSettings.model_validate_json(orjson.dumps({"allow": allow, **keys})), KNOWN)


def case(app: str = "shop", since: float = T0, **fields: object) -> Incident:
    """An incident of an application that is open, and bad enough."""
    where = fields.pop("where", {"app": app, "model": "m-1"})
    return replace(incident(symptom(since, where=where)), **{"state": "open", "urgency": "ticket", "severity": "error", **fields})


def hint(**conditions: str) -> Hint:
    return Hint("slice", "", 0.9, {}, tuple(conditions.items()))


def states(made: Actions) -> list[tuple[str, str]]:
    return [(each.state, each.became or each.why) for each in reversed(made.interventions)]


def test_an_incident_is_acted_on_until_it_is_over():
    """What is allowed is in force from when the incident opens until it is resolved."""
    made, shop = actions(), case()
    [begun] = made.opened(shop, [], T0)
    [measure] = made.in_force(T0)
    assert (begun.state, said(measure.do)) == ("active", {"rate_limit": {"app": "shop", "per_minute": 60}})
    assert (measure.since, measure.expires) == (T0, T0 + TTL_S)
    assert made.tick([shop], T0 + 60) == []
    [over] = made.tick([replace(shop, state="resolved")], T0 + 120)
    assert (over.state, over.became, over.ended) == ("over", "recovered", T0 + 120)
    assert made.in_force(T0 + 120) == ()


@pytest.mark.parametrize("incidents", [[], [case(state="withdrawn")], [case("bank")]], ids=["unknown", "withdrawn", "another"])
def test_what_is_nobodys_ends(incidents: list[Incident]):
    """What an incident is for that is not there any more ends as if it were resolved."""
    made = actions()
    made.opened(case(), [], T0)
    [over] = made.tick(incidents, T0 + 1)
    assert over.became == "recovered"


def test_its_time_is_bounded():
    """An incident that goes on keeps nothing in force beyond its time, and it is not done again in the same incident."""
    made, shop = actions(), case()
    made.opened(shop, [], T0)
    assert made.in_force(T0 + TTL_S) == ()
    [over] = made.tick([shop], T0 + TTL_S)
    assert over.became == "expired"
    assert made.opened(shop, [], T0 + TTL_S + 1) == []


def test_flapping_does_it_once():
    """An incident that opens again within the time of what was done about it has it done no second time; after that, it has."""
    made, shop = actions(), case()
    made.opened(shop, [], T0)
    made.tick([replace(shop, state="resolved")], T0 + 60)
    assert made.opened(replace(shop, since=T0 + 90), [], T0 + 90) == []
    assert made.opened(replace(shop, id="inc-other", since=T0 + 90), [], T0 + 90) == []
    [again] = made.opened(replace(shop, since=T0 + TTL_S), [], T0 + TTL_S)
    assert (again.state, again.id) == ("active", f"a0:{shop.id}:2")


def test_two_incidents_share_what_is_done():
    """What is done for one incident already is not done twice, and goes on until both are over."""
    made, one, other = actions(), case(), case(id="inc-other")
    made.opened(one, [], T0)
    assert made.opened(other, [], T0 + 10) == []
    assert made.tick([replace(one, state="resolved"), other], T0 + 20) == []
    [over] = made.tick([replace(one, state="resolved"), replace(other, state="resolved")], T0 + 30)
    assert over.became == "recovered"


def test_approval():
    """What needs a person's word is not in force before it, and gets all its time from then on."""
    made, shop = actions({"approval": True}), case()
    [waiting] = made.opened(shop, [], T0)
    assert (waiting.state, made.in_force(T0)) == ("waiting", ())
    [active] = made.answered(Approve(waiting.id, "ann", T0 + 100))
    assert (active.state, active.approved_by, active.approved_at, active.until) == ("active", "ann", T0 + 100, T0 + 100 + TTL_S)
    assert len(made.in_force(T0 + 200)) == 1
    assert made.answered(Approve(waiting.id, "bob", T0 + 200)) == []


@pytest.mark.parametrize(("answer", "became"), [(Reject, "rejected"), (Revert, "rejected")])
def test_a_person_says_no(answer: type, became: str):
    """What a person rejects is never in force, and cannot be approved after that."""
    made = actions({"approval": True})
    [waiting] = made.opened(case(), [], T0)
    [over] = made.answered(answer(waiting.id, "ann", T0 + 1))
    assert (over.state, over.became, over.by) == ("over", became, "ann")
    assert made.answered(Approve(waiting.id, "bob", T0 + 2)) == []


def test_nobody_answers():
    """What waits for a word for as long as it would have lasted waits no longer."""
    made, shop = actions({"approval": True}), case()
    [waiting] = made.opened(shop, [], T0)
    assert made.answered(Approve(waiting.id, "ann", T0 + TTL_S)) == []
    [over] = made.tick([shop], T0 + TTL_S)
    assert over.became == "expired"


def test_a_person_ends_it():
    """What a person reverts is over at once, and stays it in that incident; of what there is not, nothing is answered."""
    made, shop = actions(), case()
    [active] = made.opened(shop, [], T0)
    [over] = made.answered(Revert(active.id, "ann", T0 + 5))
    assert (over.became, over.by, made.in_force(T0 + 5)) == ("reverted", "ann", ())
    assert made.opened(shop, [], T0 + 6) == []
    assert made.answered(Revert(active.id, "ann", T0 + 7)) == made.answered(Revert("none", "ann", T0 + 7)) == []


def test_who_approved_and_who_ended_it():
    """Both are kept, and told."""
    made = actions({"approval": True})
    [waiting] = made.opened(case(), [], T0)
    made.answered(Approve(waiting.id, "ann", T0 + 1))
    [over] = made.answered(Revert(waiting.id, "bob", T0 + 2))
    assert (over.approved_by, over.approved_at, over.by, over.ended) == ("ann", T0 + 1, "bob", T0 + 2)
    assert line(over) == f"rate_limit (app shop, per_minute 60): over: reverted by bob, approved by ann [{over.id}]"


def test_what_is_to_be_written_down():
    """Whatever changes is news once, as it is by then; what is as it was is none, also after a restart."""
    made, shop = actions({}, {"do": {"quarantine": {"app": "{app}"}}, "approval": True}), case()
    made.opened(shop, [], T0)
    assert [(each.action, each.state) for each in made.news()] == [("a0", "active"), ("a1", "waiting")]
    made.tick([shop], T0 + 1)
    assert made.news() == []
    after = actions()
    after.restore(made.snapshot())
    assert after.news() == []
    made.answered(Approve(f"a1:{shop.id}", "ann", T0 + 2))
    made.tick([], T0 + 3)
    assert [(each.action, each.state, each.approved_by) for each in made.news()] == [("a1", "over", "ann"), ("a0", "over", "")]
    for number in range(2 * MAX_KEPT):
        made.opened(case("made-up", T0 + number), [], T0 + number)
    assert len(made.news()) == MAX_KEPT


def test_what_an_earlier_version_kept():
    """A snapshot that does not say who approved is a snapshot."""
    before, after = actions(), actions()
    before.opened(case(), [], T0)
    kept = orjson.loads(before.snapshot())
    for each in kept:
        del each["approved_by"], each["approved_at"]
    after.restore(orjson.dumps(kept))
    assert after.interventions == before.interventions


@pytest.mark.parametrize("keys", [{"dry_run": True}, {}], ids=["all", "one"])
def test_dry_run(keys: dict):
    """A dry run is written down, and nothing is in force."""
    made, shop = actions({"dry_run": not keys}, **keys), case()
    [dry] = made.opened(shop, [], T0)
    assert (dry.state, made.in_force(T0)) == ("dry", ())
    assert made.tick([shop], T0 + 1) == []
    assert made.tick([], T0 + 2)[0].became == "recovered"


def test_no_more_than_may_be():
    """Beyond the number that may be in force, what is to be done is refused, and done once there is room and it is asked for again."""
    made, shop, bank = actions(max_active=1), case(), case("bank")
    made.opened(shop, [], T0)
    [refused] = made.opened(bank, [], T0 + 1)
    assert (refused.state, len(made.in_force(T0 + 1))) == ("refused", 1)
    assert made.opened(bank, [], T0 + 2) == []
    made.tick([bank], T0 + 3)
    [active] = made.opened(bank, [], T0 + 4)
    assert (active.state, active.id) == ("active", refused.id)


@pytest.mark.parametrize(
    ("do", "where", "hints", "expected"),
    [
        (LIMIT, {"app": "made-up"}, [], "not of one app"),
        (LIMIT, {"model": "m-1"}, [], "not of one app"),
        (LIMIT, {"model": "m-1"}, [hint(app="made-up")], "not of one app"),
        (LIMIT, {"model": "m-1"}, [hint(app="shop")], ""),
        (LIMIT, {"app": "shop", "source": "somebody"}, [], "not of one app"),
        (LIMIT, {"app": "shop", "source": "somebody"}, [hint(app="bank")], ""),
        (LIMIT, {"model": "m-1"}, [hint(model="m-1"), hint(app="shop")], "not of one app"),
        ({"switch_upstream": {"from": "{upstream}", "to": "azure"}}, {"upstream": "openai"}, [], ""),
        ({"switch_upstream": {"from": "{upstream}", "to": "azure"}}, {"upstream": "azure"}, [], "cannot stand"),
        ({"switch_upstream": {"from": "{upstream}", "to": "azure"}}, {"upstream": "other"}, [], "not of one upstream"),
        ({"switch_model": {"from": "{model}", "to": "m-2"}}, {"model": "m-1"}, [], ""),
        ({"switch_model": {"from": "{model}", "to": "m-2"}}, {"model": "m-9"}, [], "not of one model"),
        ({"tighten": {"rule": "{rule}", "action": "block"}}, {"rule": "injection"}, [], ""),
        ({"tighten": {"rule": "{rule}", "action": "block"}}, {"rule": "other"}, [], "not of one rule"),
        ({"tighten": {"rule": "injection", "action": "flag"}}, {"app": "shop"}, [], "no policy would be stricter"),
        ({"force_redaction": {}}, {"app": "shop"}, [], "no policy would be stricter"),
    ],
)
def test_what_it_is_aimed_at(do: dict, where: dict, hints: list[Hint], expected: str):
    """Only names of the settings are ever aimed at, and only what is stricter is done; else it is refused, and it is said why."""
    made = actions({"do": do})
    [found] = made.opened(case(where=where), hints, T0)
    assert expected in found.why
    assert (found.state == "refused") == bool(expected) == (made.in_force(T0) == ())


@pytest.mark.parametrize(
    ("when", "fields", "hints", "expected"),
    [
        ({}, {}, [], 1),
        ({}, {"severity": "warning"}, [], 0),
        ({"severity": "info"}, {"severity": "info"}, [], 1),
        ({}, {"urgency": "record"}, [], 0),
        ({}, {"state": "resolved"}, [], 0),
        ({"about": ["cost"]}, {}, [], 0),
        ({"about": ["cost", "errors"]}, {}, [], 1),
        ({"apps": ["bank"]}, {}, [], 0),
        ({"cause": "upstream"}, {}, [], 0),
        ({"cause": "upstream"}, {}, [hint(upstream="openai")], 1),
        ({"cause": "upstream"}, {}, [hint(app="shop"), hint(upstream="openai")], 0),
    ],
)
def test_for_which_incidents(when: dict, fields: dict, hints: list[Hint], expected: int):
    """An incident is acted on if it is what the entry is for, and people are told of it."""
    assert len(actions({"when": when}).opened(case(**fields), hints, T0)) == expected


def test_what_got_worse_is_acted_on():
    """An incident that becomes bad enough is acted on then."""
    made, shop = actions(), case(severity="warning")
    assert made.opened(shop, [], T0) == []
    assert len(made.opened(replace(shop, severity="critical"), [], T0 + 60)) == 1


@pytest.mark.parametrize(
    ("entry", "keys"),
    [
        ({"id": "other"}, {}),
        ({"do": {"quarantine": {"app": "{app}"}}}, {}),
        ({"dry_run": True}, {}),
        ({}, {"dry_run": True}),
        ({"ttl_s": 10}, {}),
    ],
    ids=["gone", "other", "dry", "all dry", "shorter"],
)
def test_a_restart_with_other_settings(entry: dict, keys: dict):
    """What was in force goes on after a restart as it was, and ends where the settings no longer allow it."""
    before, shop = actions(), case()
    before.opened(shop, [], T0)
    same, after = actions(), actions(entry, **keys)
    for each in (same, after):
        each.restore(before.snapshot())
    assert same.tick([shop], T0 + 20) == []
    assert same.in_force(T0 + 20) == before.in_force(T0 + 20) != ()
    [over] = after.tick([shop], T0 + 20)
    assert over.became == ("expired" if "ttl_s" in entry else "no longer allowed")


def test_fewer_may_be_in_force_after_a_restart():
    """Where fewer may be in force than are, those that began last end."""
    before, shop, bank = actions(), case(), case("bank")
    before.opened(shop, [], T0)
    before.opened(bank, [], T0 + 1)
    after = actions(max_active=1)
    after.restore(before.snapshot())
    [over] = after.tick([shop, bank], T0 + 2)
    assert (over.became, over.incidents) == ("too many", (bank.id,))


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{"id": "x"}]', b"\xff", b"null"], ids=range(6))
def test_no_snapshot(data: bytes):
    """What is no snapshot changes nothing."""
    made = actions()
    made.opened(case(), [], T0)
    with pytest.raises(ValueError, match="no snapshot"):
        made.restore(data)
    assert len(made.in_force(T0)) == 1


def test_what_people_read():
    """An intervention is told in a line, with what became of it."""
    made = actions()
    [active] = made.opened(case(), [], T0)
    assert line(active) == f"rate_limit (app shop, per_minute 60): in force [{active.id}]"
    [over] = made.answered(Revert(active.id, "ann", T0 + 1))
    assert line(over) == f"rate_limit (app shop, per_minute 60): over: reverted by ann [{active.id}]"


steps = st.lists(
    st.tuples(
        st.sampled_from(["open", "reopen", "resolve", "tick", "approve", "revert", "restart"]),
        st.sampled_from(["shop", "bank", "made-up"]),
        st.floats(0, 600),
        st.integers(0, 3),
    ),
    max_size=40,
)


@settings(max_examples=60)
@given(steps, st.integers(1, 3))
def test_whatever_happens(steps: list, most: int):
    """Never more is in force than may be, of names that are not known nothing is, no measure outlasts its time, and all end at last."""
    entries = ({}, {"approval": True}, {"do": {"quarantine": {"app": "{app}"}}}, {"do": {"force_redaction": {}}})
    made, now, known = actions(*entries, max_active=most), T0, {}
    for what, app, later, which in steps:
        now += later
        each = known.get(app)
        if what == "open" or each is None:
            known[app] = each = case(app, now)
            made.opened(each, [], now)
        elif what == "reopen":
            known[app] = replace(each, state="open", since=now)
            made.opened(known[app], [], now)
        elif what == "resolve":
            known[app] = replace(each, state="resolved")
        elif what == "restart":
            data, made = made.snapshot(), actions(*entries, max_active=most)
            made.restore(data)
        else:
            for intervention in made.interventions[which : which + 1]:
                made.answered((Approve if what == "approve" else Revert)(intervention.id, "ann", now))
        made.tick(known.values(), now)
        in_force = made.in_force(now)
        assert len(in_force) <= most
        assert all(each.since <= now < each.expires <= each.since + TTL_S for each in in_force)
        assert all("made-up" not in str(said(each.do)) for each in in_force)
    made.tick([], now)
    assert made.in_force(now) == ()


def test_what_is_kept_is_bounded():
    """A flood of incidents is written down as far as there is room, and moves out nothing that is in force."""
    made = actions(max_active=1)
    [active] = made.opened(case(), [], T0)
    for number in range(MAX_KEPT + 50):
        made.opened(case(id=f"inc-{number}", where={"app": "made-up"}), [], T0 + 1)
    kept: list[Intervention] = made.interventions
    assert len(kept) == MAX_KEPT
    assert active in kept
