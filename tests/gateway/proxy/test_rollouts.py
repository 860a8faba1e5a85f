"""Rollouts as exchanges come: whose turn it is, what is counted, and what comes of it."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.outcome import Findings, Unread
from gateway.guard.review import Hit
from gateway.proxy import rollouts as module
from gateway.proxy.reload import Snapshot
from gateway.proxy.rollouts import Rollouts, remembered
from gateway.proxy.trials import Settled, State, Trial
from gateway.telemetry.record import Exchange
from policies.load import LoadedPolicy
from policies.policy import Policy
from policies.subject import Subject
from policies.verdict import Action, Fired
from policies.vocabulary import Scope

KEY = b"k" * 32


def loaded(name: str, digest: str = "0", *, own: str = "", **keys: object) -> LoadedPolicy:
    policy = Policy.model_validate({"name": name, **keys}, strict=False)
    return LoadedPolicy(policy, digest * 64, Path(f"{name}.yaml"), own=own or digest)


def snapshot(*policies: LoadedPolicy) -> Snapshot:
    return Snapshot({each.policy.name: each for each in policies}, 0.0)


def new(digest: str = "1", name: str = "new", mode: str = "enforce", own: str = "", **keys: object) -> LoadedPolicy:
    return loaded(name, digest, own=own, mode=mode, rollout={"of": "old", "percent": 50, **keys})


OLD = loaded("old")


class World:
    """Rollouts with what they tell."""

    def __init__(self, *policies: LoadedPolicy, memory: dict[str, Settled] | None = None, is_lost: bool = False) -> None:
        self.counts: dict[tuple[str, str, str], int] = {}
        self.told: list[tuple[str, str]] = []
        self.rollouts = Rollouts(KEY, None if is_lost else memory or {}, lambda: 5.0, self._count, self._change)
        self.rollouts.take_up(snapshot(*policies))

    def _count(self, *name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def _change(self, trial: Trial, change: str) -> None:
        self.told.append((trial.name, change))

    def decide(self, version: str, actions: Iterable[Action], **labels: str) -> None:
        for action in actions:
            self.rollouts.note(exchange(version, action, **labels))

    def share(self, of: str = "old") -> dict[str | None, int]:
        """Which new versions decide a thousand sessions."""
        turns = [self.rollouts.turn(of, Subject("", "m", "chat", session=f"s{index}"), "r") for index in range(1000)]
        return {turn: turns.count(turn) for turn in sorted(set(turns), key=str)}

    def row(self, name: str = "new") -> dict:
        return next(row for row in self.rollouts.status() if row["name"] == name)


def exchange(
    version: str, action: Action = Action.ALLOW, *, shadow: Action | None = None, unread: Action | None = None, **labels: str
) -> Exchange:
    made = Exchange("r", 0.0, 0.0, policy=version, request=Findings(), response=Findings(), **labels)
    made.response.raise_to(action)
    if shadow:
        made.request.add(("m",), Scope.USER, [Hit(Fired("r", "k", 0, 1, 1.0, shadow, shadow=True), "")])
    if unread:
        made.request.unread.append(Unread(("m",), "image", unread))
    return made


BLOCK, ALLOW = [Action.BLOCK], [Action.ALLOW]
VERSIONS = ("old@000000000000", "new@111111111111")


def test_whose_turn_it_is():
    """The new version's share of the sessions that are its old version's, and of nobody else's."""
    world = World(OLD, new(), loaded("other"))
    shares = world.share()
    assert set(shares) == {None, "new"}
    assert 400 < shares["new"] < 600
    assert world.share("other") == {None: 1000}


def test_one_that_blocks_far_more_is_rolled_back():
    """By itself, as soon as the test can tell; from then on it gets nothing."""
    world = World(OLD, new())
    while not world.told:
        world.decide(VERSIONS[0], ALLOW)
        world.decide(VERSIONS[1], BLOCK)
        assert world.row()["new"]["exchanges"] < 1000
    assert world.told == [("new", "rolled_back")]
    assert world.share() == {None: 1000}
    row = world.row()
    assert (row["state"], row["settled"], row["percent"], row["comparison"]) == ("rolled_back", {"by": "test", "at": 5.0}, 0.0, "different")
    assert row["new"]["rate"] == 1
    assert row["difference"]["low"] > row["max_difference"]
    world.decide(VERSIONS[1], BLOCK * 100)  # what was under way still counts, and changes nothing
    assert world.told == [("new", "rolled_back")]


def test_one_that_blocks_far_less_is_rolled_back():
    """What blocked before must not pass unnoticed."""
    world = World(OLD, new())
    world.decide(VERSIONS[0], BLOCK * 200)
    world.decide(VERSIONS[1], ALLOW * 200)
    assert world.told == [("new", "rolled_back")]


def test_one_that_blocks_alike_is_promoted_where_the_policy_says_so():
    """It then gets every exchange; where the policy says nothing, it is told, once, and goes on."""
    for on_equal, told, share in (("promote", "promoted", {"new": 1000}), ("hold", "alike", None)):
        world = World(OLD, new(on_equal=on_equal, max_difference=0.2))
        for _ in range(40):
            world.decide(VERSIONS[0], ALLOW * 25)
            world.decide(VERSIONS[1], ALLOW * 25)
        assert world.told == [("new", told)]
        assert share is None or world.share() == share
        assert world.row()["comparison"] == "alike"


def test_a_difference_may_be_held():
    """It is told, and the trial goes on until somebody decides."""
    world = World(OLD, new(on_difference="hold"))
    world.decide(VERSIONS[0], ALLOW * 200)
    world.decide(VERSIONS[1], BLOCK * 200)
    assert world.told == [("new", "different")]
    assert world.row()["state"] == "running"
    assert len(world.share()) == 2


@pytest.mark.parametrize(
    ("acts", "states", "shares"),
    [
        (["promote"], ["promoted"], {"new": 1000}),
        (["rollback"], ["rolled_back"], {None: 1000}),
        (["rollback", "promote"], ["rolled_back", "promoted"], {"new": 1000}),
        (["promote", "reset"], ["promoted", "running"], None),
    ],
)
def test_by_hand(acts: list, states: list, shares: dict | None):
    """What somebody says is done at once, and is to be written down."""
    world = World(OLD, new())
    world.decide(VERSIONS[1], BLOCK)
    for act in acts:
        assert world.rollouts.act("new", act) == world.row()
    assert world.told == [("new", state) for state in states]
    assert world.rollouts.is_unsaved
    assert shares is None or world.share() == shares
    assert world.row()["new"]["exchanges"] == (0 if "reset" in acts else 1)
    assert world.row()["settled"] == (None if "reset" in acts else {"by": "hand", "at": 5.0})


def test_by_hand_of_what_is_not_there():
    """Only new versions can be rolled out."""
    world = World(OLD, new())
    for name in ("old", "none"):
        with pytest.raises(KeyError):
            world.rollouts.act(name, "promote")
    assert not world.rollouts.is_unsaved


def test_what_is_counted():
    """Each exchange of either side by its decision; those of other policies, and of versions from before, are nobody's."""
    world = World(OLD, new(), loaded("other"))
    world.decide(VERSIONS[0], [Action.ALLOW, Action.REDACT, Action.BLOCK])
    world.decide(VERSIONS[1], [Action.FLAG])
    for version in ("other@000000000000", "new@222222222222", ""):
        world.decide(version, BLOCK)
    assert world.counts == {("new", "old", "allow"): 1, ("new", "old", "redact"): 1, ("new", "old", "block"): 1, ("new", "new", "flag"): 1}
    assert (world.row()["old"], world.row()["new"]["blocked"]) == ({"exchanges": 3, "blocked": 1, "rate": 0.333333}, 0)


@pytest.mark.parametrize(
    ("mode", "made", "decision"),
    [
        ("shadow", {"shadow": Action.BLOCK}, "would_block"),
        ("shadow", {"unread": Action.BLOCK}, "would_block"),
        ("shadow", {"shadow": Action.REDACT, "unread": Action.FLAG}, "allow"),
        ("shadow", {"action": Action.BLOCK}, "block"),
        ("enforce", {"shadow": Action.BLOCK}, "allow"),
    ],
)
def test_a_policy_that_only_says_what_it_would_do(mode: str, made: dict, decision: str):
    """In shadow mode what would be blocked counts; a rule in shadow of a policy that is not does not."""
    world = World(OLD, new(mode=mode))
    world.rollouts.note(exchange(VERSIONS[1], **made))
    assert world.counts == {("new", "new", decision): 1}
    assert world.row()["new"]["blocked"] == (decision != "allow")


def test_several_beside_one():
    """Each has its share of what those before it, by name, leave; the old version's exchanges count for both."""
    world = World(OLD, new(), new("2", "newer"))
    shares = world.share()
    assert 400 < shares["new"] < 600
    assert 180 < shares["newer"] < 320
    world.decide(VERSIONS[0], ALLOW)
    assert [row["old"]["exchanges"] for row in world.rollouts.status()] == [1, 1]


def test_a_reload():
    """Tallies and states go on while both versions are the same; another version of either begins anew."""
    world = World(OLD, new())
    world.decide(VERSIONS[0], BLOCK)
    world.rollouts.take_up(snapshot(OLD, new(), loaded("other")))
    assert world.row()["old"]["exchanges"] == 1
    world.rollouts.take_up(snapshot(loaded("old", "3"), new()))
    assert world.row()["old"]["exchanges"] == 0
    world.rollouts.act("new", "rollback")
    world.rollouts.take_up(snapshot(OLD, new()))
    assert world.row()["state"] == "rolled_back"
    world.rollouts.take_up(snapshot(OLD, new("2")))
    assert world.row()["state"] == "running"
    world.rollouts.take_up(snapshot(OLD))
    assert (world.rollouts.status(), world.share()) == ([], {None: 1000})


def test_a_restart():
    """What was rolled back stays so, what was promoted too, until the file changes; by whom and when is remembered."""
    world = World(OLD, new(), new("2", "newer"))
    world.rollouts.act("new", "rollback")
    world.rollouts.act("newer", "promote")
    memory = remembered(world.rollouts.memory())
    again = World(OLD, new(), new("2", "newer"), memory=memory)
    assert [row["state"] for row in again.rollouts.status()] == ["rolled_back", "promoted"]
    assert again.row()["settled"] == {"by": "hand", "at": 5.0}
    assert World(OLD, new("3"), memory=memory).row()["state"] == "running"
    assert not again.rollouts.is_unsaved


def test_a_reset_is_remembered_too():
    """What was reset runs again after a restart."""
    world = World(OLD, new(), memory={VERSIONS[1]: Settled(State.ROLLED_BACK, "test", 1.0)})
    assert world.row()["state"] == "rolled_back"
    world.rollouts.act("new", "reset")
    assert world.rollouts.is_unsaved
    assert remembered(world.rollouts.memory()) == {}


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [("a", "a", "rolled_back"), ("a", "b", "running"), ("a", "", "rolled_back")],
)
def test_what_a_rolled_back_one_builds_on(before: str, after: str, state: str):
    """An edit of another file, which makes another version of it, undoes no rollback; an edit of its own does; in doubt it stays."""
    world = World(OLD, new("1", own=before))
    world.rollouts.act("new", "rollback")
    edited = loaded("new", "2", own="", rollout={"of": "old", "percent": 50})
    edited = LoadedPolicy(edited.policy, edited.digest, edited.path, own=after)
    world.rollouts.take_up(snapshot(loaded("old", "3"), edited))
    assert world.row()["state"] == state
    again = World(loaded("old", "3"), edited, memory=remembered(world.rollouts.memory()))
    assert again.row()["state"] == state


def test_what_is_said_last_is_carried_over():
    """After a rollback was taken back, by a promotion or a reset, no edit of another file brings it back."""
    for act in ("promote", "reset"):
        world = World(OLD, new("1", own="a"))
        for each in ("rollback", act):
            world.rollouts.act("new", each)
        world.rollouts.take_up(snapshot(OLD, new("2", own="a")))
        assert world.row()["state"] == "running"


def test_one_caller_decides_nothing():
    """However many exchanges of one label are blocked, few of them count, and fewer than it takes to tell the versions apart."""
    for label in ("session", "user"):
        world = World(OLD, new())
        world.decide(VERSIONS[0], ALLOW * 2000)
        world.decide(VERSIONS[1], BLOCK * 2000, **{label: "one"})
        assert (world.row()["new"]["exchanges"], world.told) == (5, [])
        assert world.counts[("new", "new", "block")] == 2000
        for index in range(200):
            world.decide(VERSIONS[1], BLOCK, **{label: str(index)})
        assert world.told == [("new", "rolled_back")]


def test_the_same_label_of_another_app():
    """It is another caller's."""
    world = World(OLD, new())
    for app in ("a", "b"):
        world.decide(VERSIONS[0], ALLOW * 100, app=app, session="s")
    assert world.row()["old"]["exchanges"] == 10


def test_the_old_one_of_a_promoted():
    """Where it gets nothing any more, that is said, and no longer when the new one is not promoted."""
    world = World(OLD, new())
    assert (world.rollouts.warnings(), world.row()["warning"]) == ([], None)
    world.rollouts.act("new", "promote")
    world.rollouts.take_up(snapshot(loaded("old", "3"), new()))
    said = "old gets no exchanges, whatever is edited in it: new is promoted, and decides them all"
    assert (world.rollouts.warnings(), world.row()["warning"]) == ([said], said)
    world.rollouts.act("new", "rollback")
    assert world.rollouts.warnings() == []


def test_a_lost_memory():
    """Where nobody knows what had become of the new versions, they get nothing until somebody says so, or their files change."""
    world = World(OLD, new(), is_lost=True)
    assert world.share() == {None: 1000}
    assert world.row()["settled"] == {"by": "loss", "at": 5.0}
    assert world.rollouts.is_unsaved
    world.rollouts.take_up(snapshot(OLD, new("2")))
    assert world.row()["state"] == "running"


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    """The oldest versions are forgotten."""
    monkeypatch.setattr(module, "_MAX_SETTLED", 3)
    world = World(OLD)
    for digest in "12345":
        world.rollouts.take_up(snapshot(OLD, new(digest)))
        world.rollouts.act("new", "rollback")
    assert [version[4] for version in remembered(world.rollouts.memory())] == ["3", "4", "5"]


GOOD = {"v": 2, "settled": {"a@1": {"state": "promoted", "by": "hand", "at": 1.0, "own": "x"}}}


@pytest.mark.parametrize(
    "kept",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff", {"v": 1, "settled": {}}, {"settled": {}}, {"v": 2}, {"v": 2, "settled": []},
        {"v": 2, "settled": {"a": {}}}, {"v": 2, "settled": {"a": None}},
        {"v": 2, "settled": {"a": {"state": "on", "by": "", "at": 1, "own": ""}}},
        {"v": 2, "settled": {"a": {"state": "promoted", "by": "", "at": "now", "own": ""}}},
        {"v": 2, "settled": {"a": {"state": "promoted", "by": "", "at": 1}}},
    ],
)  # fmt: skip
def test_what_cannot_be_remembered(kept: object):
    """It is lost, and not taken for nothing."""
    assert remembered(kept if isinstance(kept, bytes) else json.dumps(kept).encode()) is None


def test_what_is_remembered():
    """A first start has nothing to remember."""
    assert remembered(None) == {}
    assert remembered(json.dumps(GOOD).encode()) == {"a@1": Settled(State.PROMOTED, "hand", 1.0, "x")}


@given(st.binary(max_size=200))
def test_any_content(content: bytes):
    """Whatever stands in the file is no reason to fail."""
    assert remembered(content) is None or isinstance(remembered(content), dict)


def follower(*policies: LoadedPolicy, memory: dict[str, Settled] | None = None, is_lost: bool = False) -> World:
    """A worker that another one leads."""
    world = World(memory=memory)
    world.rollouts = Rollouts(KEY, None if is_lost else memory or {}, lambda: 5.0, world._count, world._change, leads=False)
    world.rollouts.take_up(snapshot(*policies))
    return world


_ASKED = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([OLD.version, "new@" + "1" * 12]), st.sampled_from(["", "a", "b"])), max_size=120
)


@given(_ASKED, st.integers(1, 30))
def test_workers_know_together_what_one_would(asked: list[tuple[int, str, str]], shared_every: int):
    """Wherever exchanges go and whenever it is shared, the one that leads tells the sides apart by the same numbers, and settles alike."""
    one, workers = World(OLD, new()), (World(OLD, new()), follower(OLD, new()), follower(OLD, new()))
    leader = workers[0].rollouts

    def share() -> None:
        for worker in workers[1:]:
            leader.weigh(worker.rollouts.take_evidence())

    for number, (worker, version, session) in enumerate(asked):
        actions = [Action.BLOCK if version != OLD.version else Action.ALLOW]
        one.decide(version, actions, session=session)
        workers[worker].decide(version, actions, session=session)
        if number % shared_every == 0:
            share()
    share()
    shown = ("old", "new", "difference", "comparison")
    assert [workers[0].row()[key] for key in shown] == [one.row()[key] for key in shown]
    assert workers[0].told == one.told
    assert workers[1].told == workers[2].told == []
    together = [world.counts for world in workers]
    assert {name: sum(each.get(name, 0) for each in together) for name in one.counts} == one.counts


def test_what_leads_is_followed():
    """What it has settled holds for those it leads, and until it says otherwise."""
    leader, led = World(OLD, new()), follower(OLD, new())
    assert set(led.share()) == {None, "new"}
    for act, turns in (("rollback", {None}), ("promote", {"new"}), ("reset", {None, "new"})):
        leader.rollouts.act("new", act)
        memory = remembered(leader.rollouts.memory())
        assert memory is not None
        led.rollouts.adopt(memory)
        assert set(led.share()) == turns
    assert not led.rollouts.is_unsaved


def test_those_that_are_led_decide_nothing():
    """However clear their own exchanges are."""
    led = follower(OLD, new(on_equal="promote"))
    led.decide(OLD.version, [Action.ALLOW] * 500)
    led.decide("new@" + "1" * 12, [Action.BLOCK] * 500)
    assert led.row()["state"] == "running"
    assert led.row()["new"]["exchanges"] == 0


def test_a_version_that_only_the_led_have_yet():
    """One that its own file's last state rolls back stays so there too, whatever is adopted meanwhile."""
    memory = {"new@" + "1" * 12: Settled(State.ROLLED_BACK, "test", 1.0, "same")}
    led = follower(OLD, new("2", own="same"), memory=memory)
    led.rollouts.adopt(memory)
    assert set(led.share()) == {None}


def test_evidence_of_other_versions_does_not_count():
    """A worker that has not taken up the new files yet says nothing of them."""
    leader, led = World(OLD, new("2")), follower(OLD, new("1"))
    led.decide("new@" + "1" * 12, [Action.BLOCK] * 10)
    leader.rollouts.weigh(led.rollouts.take_evidence())
    assert leader.row()["new"]["exchanges"] == 0


def test_evidence_is_bounded(monkeypatch: pytest.MonkeyPatch):
    """Where nobody asks for it, only so much waits."""
    monkeypatch.setattr(module, "_MAX_EVIDENCE", 5)
    led = follower(OLD, new())
    led.decide(OLD.version, [Action.ALLOW] * 20)
    assert len(led.rollouts.take_evidence()) == 5
    assert led.rollouts.take_evidence() == []
    assert led.counts == {("new", "old", "allow"): 20}
