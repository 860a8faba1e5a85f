"""Who is calling, by the key that the request carries."""

import hmac
from hashlib import sha256

import pytest
from multidict import CIMultiDict

from gateway.config.serving import App, Labels
from gateway.errors import BadRequest, Unauthorized
from gateway.proxy import apps as module
from gateway.proxy.apps import Apps, Caller, names_of
from policies.subject import Subject

KEYS = {"support": "sk-support", "sales": "sk-sales"}
CONFIGURED = [App(name=name, key=key, policy=name if name == "sales" else None) for name, key in KEYS.items()]


def identify(**headers: str) -> Caller:
    return Apps(CONFIGURED).identify(CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}))


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer sk-sales"}, {"authorization": "bearer sk-sales"}, {"AUTHORIZATION": "BEARER  sk-sales "},
        {"X_Api_Key": "sk-sales"}, {"api_key": "sk-sales"}, {"Authorization": "Basic xyz", "x_api_key": "sk-sales"},
    ],
)  # fmt: skip
def test_a_known_key(headers: dict):
    """A key is known in any header in which the dialects put it, and names the app and its policy."""
    assert identify(**headers) == Caller("sales", "sales", is_known=True, owner="app:sales", key_id=_key_id("sk-sales"))


def _key_id(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:16]


@pytest.mark.parametrize("apps", [CONFIGURED, []])
def test_the_id_of_a_key(apps: list[App]):
    """A key is called by the beginning of its hash, whether it is an application's or the client's own."""
    assert Apps(apps).identify(CIMultiDict({"x-api-key": "sk-sales"})).key_id == _key_id("sk-sales")


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Bearer sk-own")],
        [("Authorization", "Bearer sk-other"), ("X-Api-Key", "sk-own")],
        [("Authorization", "Bearer sk-other"), ("api-key", " sk-own")],
        [("Authorization", "Bearer\tsk-own")],
        [("Authorization", "sk-own")],
        [("Authorization", "Bearer sk-other, Bearer sk-own")],
        [("Authorization", "Bearer sk-other"), ("Authorization", "Bearer sk-own")],
    ],
)
def test_whom_measures_may_mean(headers: list[tuple[str, str]]):
    """A client's key is seen in whichever header, and beside whatever else, it is sent on to the endpoint."""
    caller = Apps([]).identify(CIMultiDict(headers))
    assert f"key:{_key_id('sk-own')}" in names_of(caller, headers)


def test_what_is_no_key():
    """A header that is no credential to anybody is not looked through, however long it is; each name is said once."""
    headers = [("Authorization", "Bearer sk-own"), ("x-api-key", "sk-own"), ("api-key", "a " * 4000)]
    names = names_of(Apps([]).identify(CIMultiDict(headers)), headers)
    assert names == ("app:", f"key:{_key_id('sk-own')}", f"key:{_key_id('Bearer')}")


def test_a_known_application_is_meant_by_its_own_key():
    """No other key of its request goes anywhere, and no label makes it another application."""
    headers = {"authorization": "Bearer sk-sales", "x-api-key": "sk-support", "x-oddgate-app": "support"}
    assert names_of(identify(**headers), list(headers.items())) == ("app:sales", f"key:{_key_id('sk-sales')}")


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "sk-sales"},
        {"Authorization": "Basic sk-sales"}, {"Authorization": "Bearer sk-other"}, {"Authorization": "Bearer sk-sale"},
        {"Authorization": "Bearer sk-sales2"}, {"Authorization": "Bearer SK-SALES"}, {"x_api_key": "Bearer sk-sales"},
        {"Authorization": "Bearer sk-other", "x_api_key": "sk-sales"}, {"Authorization": "Bearer \udcff\udc80"}, {"cookie": "sk-sales"},
    ],
)  # fmt: skip
def test_an_unknown_key(headers: dict):
    """Anything else is refused, without a word of what was given."""
    with pytest.raises(Unauthorized) as raised:
        identify(**headers)
    assert (raised.value.code, raised.value.status) == ("invalid_api_key", 401)
    assert "sk-" not in str(raised.value)


KEYS = [("authorization", "Bearer sk-a"), ("x-api-key", "sk-a"), ("api-key", "sk-a"), ("x-api-key", "sk-b")]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer anything"}])
def test_no_apps(headers: dict):
    """Where none are configured, everybody is served, as nobody in particular."""
    caller = Apps([]).identify(CIMultiDict(headers))
    assert (caller.name, caller.policy, caller.is_known) == ("", None, False)


def test_whose_stored_conversations():
    """Without applications, what the endpoint keeps belongs to the key that the client brings, in whichever header."""
    owners = [Apps([]).identify(CIMultiDict({name: value})).owner for name, value in KEYS]
    assert owners[0] == owners[1] == owners[2] != owners[3]
    assert not any("sk-" in owner for owner in owners)


ALL = {"x-oddgate-user": "u1", "x-oddgate-session": "s1", "x-oddgate-group": "g1", "x-oddgate-app": "shop"}


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        (None, Subject("", "m", "chat", "u1", "s1", "")),
        ([], Subject("", "m", "chat")),
        (["group"], Subject("", "m", "chat", "", "", "g1")),
        (["user", "session", "group", "app"], Subject("shop", "m", "chat", "u1", "s1", "g1")),
    ],
)
def test_labels_of_clients(trust: list | None, expected: Subject):
    """They count as far as the settings trust them: user and session, unless they say otherwise."""
    labels = Labels() if trust is None else Labels(trust=tuple(trust))
    caller = Apps([], labels).identify(CIMultiDict(ALL))
    assert caller.subject("m", "chat") == expected
    assert caller.owner == Apps([]).identify(CIMultiDict()).owner


@pytest.mark.parametrize(
    ("trust", "expected"),
    [(None, ("", "", "g1")), ((), ("", "", "")), (("user", "group"), ("u1", "", "g1")), (("session",), ("", "s1", ""))],
)
def test_labels_of_an_application(trust: tuple | None, expected: tuple):
    """Its own trust comes before the general one; its name is never a matter of labels."""
    apps = Apps([App(name="bot", key="k", trust=trust)], Labels(trust=("group",)))
    caller = apps.identify(CIMultiDict({**ALL, "authorization": "Bearer k"}))
    assert (caller.name, caller.user, caller.session, caller.group) == ("bot", *expected)


@pytest.mark.parametrize("value", ["a b", "ä", "<b>", "a\tb", "a,b", "\udcff", "x" * 129, '"', "%41", "a\n"])
def test_what_is_no_label(value: str):
    """It is refused without being repeated, where it would count; else it is nobody's concern."""
    headers = CIMultiDict({"x-oddgate-session": value})
    with pytest.raises(BadRequest) as raised:
        Apps([]).identify(headers)
    assert raised.value.code == "invalid_label"
    assert "x-oddgate-session" in raised.value.message
    assert len(value) < 3 or value not in raised.value.message
    assert Apps([], Labels(trust=())).identify(headers).session == ""


@pytest.mark.parametrize("value", ["a", "x" * 128, "3f2c0e1a-7b", "anna@example.com", "urn:x:1", "a/b+c==", "~_.|-"])
def test_labels_as_people_have_them(value: str):
    """Ids, addresses and base64 are labels."""
    assert Apps([]).identify(CIMultiDict({"X-Oddgate-User": value})).user == value


def test_a_key_that_comes_elsewhere():
    """A key beside the headers counts, and not those in them."""
    headers = CIMultiDict({"authorization": "Bearer sk-support", "x-oddgate-session": "s"})
    caller = Apps(CONFIGURED).identify(headers, "sk-sales")
    assert (caller.name, caller.session) == ("sales", "s")
    with pytest.raises(Unauthorized):
        Apps(CONFIGURED).identify(headers, "sk-none")


def test_the_time_says_nothing(monkeypatch: pytest.MonkeyPatch):
    """Every key is compared in full, in constant time, wherever the match is."""
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(
        module.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or hmac.digest(b"", a, "md5") == hmac.digest(b"", b, "md5")
    )
    for key in ("sk-support", "sk-sales"):
        identify(authorization=f"Bearer {key}")
    assert len(compared) == 4
    assert {len(digest) for pair in compared for digest in pair} == {32}


def test_keys_are_not_kept():
    """Neither the object nor its parts show a key."""
    apps = Apps(CONFIGURED)
    assert "sk-" not in repr(vars(apps))
