"""Which upstream serves a model, what happens when it is out of reach, and that nothing is ever sent twice."""

import pytest

from gateway.config.serving import Route
from gateway.config.serving import Upstream as Settings
from gateway.errors import GatewayError, NotSupported, UpstreamError, UpstreamTimeout
from gateway.proxy.http import Target, UpstreamAnswer
from gateway.proxy.measures import MeasuresInForce, seal_measures
from gateway.proxy.routing import REST_S, Router
from gateway.proxy.upstream import Unreachable
from tests.policies.test_measures import measure


class FakeUpstream:
    """Sends as it is told to fail, and remembers."""

    def __init__(self, name: str, *, models: tuple[str, ...] = ("*",), api_key: str | None = None, dialect: str = "any") -> None:
        self.settings = Settings(name=name, base_url="http://x", models=models, api_key=api_key, dialect=dialect)
        self.name = name
        self.error: Exception | None = None
        self.sent: list[tuple[str, str, list[tuple[str, str]], bytes]] = []

    async def send(self, target, headers, body):
        self.sent.append((target.method, target.path, headers, body))
        if self.error:
            raise self.error
        return UpstreamAnswer(200, (), "application/json", None, lambda: None)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


UNREACHABLE = Unreachable("upstream_unreachable", "no")


class Noted:
    """What is told of calls, in order."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def begin(self, upstream: str) -> list[tuple[str, str]]:
        self.noted.append(upstream)
        return [("traceparent", f"of-{upstream}")]

    def failed(self, error: GatewayError) -> None:
        self.noted.append(error.code)

    def under(self, measure: str, kind: str) -> None:
        self.noted.append(f"{kind} by {measure}")


class World:
    def __init__(self, *upstreams: FakeUpstream, routes: tuple[Route, ...] = (), under: tuple[dict, ...] = ()) -> None:
        self.clock, self.calls = Clock(), Noted()
        self.answers: list[UpstreamAnswer] = []
        made = [measure(words, f"m{number}") for number, words in enumerate(under)]
        self.measures = MeasuresInForce(lambda: seal_measures(made, 100.0, b"k"), b"k", lambda _: 100.0, self.clock, self.clock)
        self.measures.refresh()
        self.router = Router(upstreams, routes, self.clock, self.measures)

    async def ask(self, model: str = "m", app: str = "", **options: bool) -> str:
        options = {"drop_credentials": False} | options
        upstream, answer = await self.router.send(
            Target("POST", "/p", "openai", model, app), [("Authorization", "k"), ("User-Agent", "y")], b"body", self.calls, **options
        )
        assert answer.status == 200
        self.answers.append(answer)
        return upstream.name


def route(*to: str, models: tuple[str, ...] = ("*",)) -> Route:
    return Route(models=models, to=to)


@pytest.mark.parametrize(
    ("model", "expected"),
    [("gpt-4o", "a"), ("GPT-4o", "a"), ("llama-3", "b"), ("claude", "c"), ("anything else", "d"), ("", "a"), ("o1-mini[x]", "d")],
)
def test_by_models(model: str, expected: str):
    """Without routes, the first upstream whose models match serves it, alone; the list of models is the first upstream's."""
    upstreams = [FakeUpstream(name, models=(glob,)) for name, glob in zip("abcd", ("gpt-*", "l*", "claude", "*"), strict=True)]
    assert [upstream.name for upstream in World(*upstreams).router.candidates("openai", model)] == [expected]


def test_by_routes():
    """The first route that matches says which, in order; then the upstreams' own models do not count."""
    upstreams = [FakeUpstream("a", models=("x",)), FakeUpstream("b"), FakeUpstream("c")]
    world = World(*upstreams, routes=(route("c", "a", models=("gpt-*",)), route("b", models=("gpt-4*",))))
    names = {model: [upstream.name for upstream in world.router.candidates("openai", model)] for model in ("gpt-4o", "x", "y")}
    assert names == {"gpt-4o": ["c", "a"], "x": ["a"], "y": ["b"]}


def test_by_api():
    """A request goes to an upstream that speaks its API, routed or not; ``any`` speaks all of them."""
    upstreams = [FakeUpstream("a", dialect="openai"), FakeUpstream("b", dialect="anthropic"), FakeUpstream("c")]
    plain, routed = World(*upstreams).router, World(*upstreams, routes=(route("c", "b", "a"),)).router
    names = {family: [[u.name for u in router.candidates(family, "m")] for router in (plain, routed)] for family in ("openai", "anthropic")}
    assert names == {"openai": [["a"], ["c", "a"]], "anthropic": [["b"], ["c", "b"]]}
    with pytest.raises(NotSupported):
        World(upstreams[0]).router.candidates("anthropic", "m")


def test_a_model_that_nobody_serves():
    """It is refused with a code of its own, and not named."""
    with pytest.raises(NotSupported) as raised:
        World(FakeUpstream("a", models=("gpt-*",))).router.candidates("openai", "my secret model")
    assert (raised.value.code, raised.value.status, raised.value.param) == ("model_not_routed", 404, "model")
    assert "secret" not in str(raised.value)


async def test_first_healthy():
    """One that cannot be reached is passed over, rests, and is tried first again when it has rested."""
    a, b = FakeUpstream("a"), FakeUpstream("b")
    world = World(a, b, routes=(route("a", "b"),))
    assert await world.ask() == "a"
    a.error = UNREACHABLE
    assert [await world.ask(), await world.ask()] == ["b", "b"]
    assert (len(a.sent), len(b.sent)) == (2, 2)
    assert world.calls.noted == ["a", "a", "upstream_unreachable", "b", "b"]
    assert ("traceparent", "of-b") in b.sent[0][2]
    a.error = None
    world.clock.now += REST_S - 0.1
    assert await world.ask() == "b"
    world.clock.now += 0.2
    assert await world.ask() == "a"


async def test_all_out_of_reach():
    """Each is tried once, resting or not, and the last one's error is the answer."""
    a, b = FakeUpstream("a"), FakeUpstream("b")
    a.error = b.error = UNREACHABLE
    world = World(a, b, routes=(route("a", "b"),))
    for _ in range(2):
        with pytest.raises(Unreachable):
            await world.ask()
    assert (len(a.sent), len(b.sent)) == (2, 2)


@pytest.mark.parametrize("error", [UpstreamError("upstream_reset", "x"), UpstreamTimeout("upstream_timeout", "x"), RuntimeError()])
async def test_what_may_have_been_received_is_not_sent_again(error: Exception):
    """Any failure after the connection stands is the answer; no other upstream hears of the request, and none rests."""
    a, b = FakeUpstream("a"), FakeUpstream("b")
    a.error = error
    world = World(a, b, routes=(route("a", "b"),))
    with pytest.raises(type(error)):
        await world.ask()
    assert b.sent == []
    a.error = None
    assert await world.ask() == "a"


@pytest.mark.parametrize(
    ("api_key", "drop", "goes"), [(None, False, True), ("own", False, False), (None, True, False), ("own", True, False)]
)
async def test_the_clients_key(api_key: str | None, drop: bool, goes: bool):
    """It goes only to an upstream that has none of its own, and never if it is a key of ours."""
    upstream = FakeUpstream("a", api_key=api_key)
    await World(upstream).ask(drop_credentials=drop)
    ((_, _, headers, body),) = upstream.sent
    assert (("Authorization", "k") in headers) is goes
    assert (("User-Agent", "y") in headers, body) == (True, b"body")


@pytest.mark.parametrize(
    ("words", "app", "expected"),
    [
        ({"from": "a", "to": "b"}, "shop", ["switch_upstream by m0:inc-1", "b"]),
        ({"from": "a", "to": "b", "app": "shop"}, "shop", ["switch_upstream by m0:inc-1", "b"]),
        ({"from": "a", "to": "b", "app": "bank"}, "shop", ["a"]),
        ({"from": "b", "to": "a"}, "shop", ["switch_upstream by m0:inc-1", "a"]),
        ({"from": "a", "to": "other"}, "shop", ["a"]),
        ({"from": "a", "to": "gone"}, "shop", ["a"]),
    ],
)
async def test_a_switch(words: dict, app: str, expected: list[str]):
    """What would go to one upstream goes to another that speaks its API, for those that the measure is about."""
    upstreams = [FakeUpstream("a"), FakeUpstream("b"), FakeUpstream("other", dialect="anthropic")]
    world = World(*upstreams, routes=(route("a", "b"),), under=({"switch_upstream": words},))
    assert await world.ask(app=app) == expected[-1]
    assert world.calls.noted == expected


async def test_no_upstream_is_asked_twice_for_a_switch():
    """Where another upstream stands for one that comes next anyway, it is asked once."""
    a, b = FakeUpstream("a"), FakeUpstream("b")
    b.error = UNREACHABLE
    world = World(a, b, routes=(route("a", "b"),), under=({"switch_upstream": {"from": "a", "to": "b"}},))
    with pytest.raises(Unreachable):
        await world.ask()
    assert (len(a.sent), len(b.sent)) == (0, 1)


async def test_no_more_calls_than_that():
    """A call beyond the limit is refused without being sent, until one that is under way is closed, however often that is."""
    a = FakeUpstream("a")
    world = World(a, under=({"concurrency": {"upstream": "a", "limit": 2}},))
    assert [await world.ask(), await world.ask()] == ["a", "a"]
    with pytest.raises(GatewayError) as raised:
        await world.ask()
    assert (raised.value.code, raised.value.status, raised.value.headers) == ("upstream_limited", 503, (("Retry-After", "1"),))
    assert world.calls.noted == ["a", "a", "concurrency by m0:inc-1"]
    for _ in range(2):
        world.answers[0].close()
    assert await world.ask() == "a"
    with pytest.raises(GatewayError):
        await world.ask()
    assert len(a.sent) == 3


async def test_a_call_that_fails_gives_its_place_back():
    """What is not answered is not under way."""
    a = FakeUpstream("a")
    world = World(a, under=({"concurrency": {"upstream": "a", "limit": 1}},))
    a.error = UpstreamTimeout("upstream_timeout", "no")
    for _ in range(3):
        with pytest.raises(UpstreamTimeout):
            await world.ask()
    a.error = None
    assert await world.ask() == "a"


async def test_where_one_is_full_the_next_is_asked():
    """A limit is no reason to refuse what another upstream of the route can serve."""
    world = World(FakeUpstream("a"), FakeUpstream("b"), routes=(route("a", "b"),), under=({"concurrency": {"upstream": "a", "limit": 1}},))
    assert [await world.ask(), await world.ask()] == ["a", "b"]
