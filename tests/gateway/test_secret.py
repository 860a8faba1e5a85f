"""Secrets come from where the settings say, or the place is named; they are never shown."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from gateway.secret import Secret


class Holder(BaseModel):
    key: Secret


def load(value: str, **env: str) -> str:
    return Holder.model_validate_json(json.dumps({"key": value}), context={"env": env}).key.get_secret_value()


def test_where_a_secret_may_stand(tmp_path):
    """Written out, in the environment, or in a file, whose last line break does not count."""
    (tmp_path / "key").write_text("s3cret\n")
    assert load("s3cret") == "s3cret"
    assert load("env:A_KEY", A_KEY="s3cret") == "s3cret"
    assert load(f"file:{tmp_path}/key") == "s3cret"
    assert load("sk:with:colons") == "sk:with:colons"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "the secret is empty"),
        ("env:NOT_THERE", "the environment variable NOT_THERE is not set"),
        ("env:EMPTY", "the secret is empty"),
        ("env:", "the environment variable  is not set"),
        ("file:/nowhere/key", "the file /nowhere/key cannot be read: No such file or directory"),
        ("one\ntwo", "the secret holds a line break or another character that no HTTP header may hold"),
        ("schlüssel", "the secret holds a line break or another character that no HTTP header may hold"),
    ],
)
def test_refusals(value, message):
    """A secret that is missing or cannot be sent is named by its place, not by its value."""
    with pytest.raises(ValidationError) as error:
        load(value, EMPTY="")
    assert str(error.value.errors()[0]["ctx"]["error"]) == message


def test_huge_file(tmp_path):
    """A file that is no key is not read to its end."""
    (tmp_path / "key").write_text("x" * 100_000)
    with pytest.raises(ValidationError, match="has more than 65536 bytes"):
        load(f"file:{tmp_path}/key")


def test_never_shown():
    """Neither repr nor str tells it."""
    assert "s3cret" not in repr(Holder(key="s3cret")) + str(Holder(key="s3cret"))
