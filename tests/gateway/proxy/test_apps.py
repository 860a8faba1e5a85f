"""Who is calling, by the key that the request carries."""

import hmac

import pytest
from multidict import CIMultiDict

from gateway.config import App
from gateway.errors import Unauthorized
from gateway.proxy import apps as module
from gateway.proxy.apps import Apps, Caller

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
    assert identify(**headers) == Caller("sales", "sales", is_known=True, owner="app:sales")


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
