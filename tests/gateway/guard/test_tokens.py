"""Placeholders and their issuing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.placeholders import ALPHABET, LENGTH, lookalikes
from gateway.guard.tokens import Tokens
from tests.support.guards import KEY


def test_a_value_has_the_same_placeholder_in_every_exchange() -> None:
    """Two exchanges of one app give a value the same placeholder, so that the provider's prompt cache goes on working."""
    first, second = Tokens(KEY, "app"), Tokens(KEY, "app")
    assert first.issue("EMAIL_ADDRESS", "a@b.c", restore=True) == second.issue("EMAIL_ADDRESS", "a@b.c", restore=False)


@pytest.mark.parametrize(
    "other",
    [
        Tokens(KEY, "other app").issue("PERSON", "Anna", restore=True),
        Tokens(b"x" * 32, "app").issue("PERSON", "Anna", restore=True),
        Tokens(KEY, "app").issue("PERSON", "anna", restore=True),
    ],
)
def test_placeholders_differ_by_app_key_and_value(other: str) -> None:
    """Nobody can tell from placeholders that two apps, or two deployments, hold the same value."""
    assert Tokens(KEY, "app").issue("PERSON", "Anna", restore=True) != other


@given(st.text(), st.sampled_from(["PERSON", "EMAIL_ADDRESS"]))
def test_a_placeholder_has_its_form(value: str, entity: str) -> None:
    """Every placeholder is its type and six letters of the alphabet, a digit among them."""
    placeholder = Tokens(KEY, "app").issue(entity, value, restore=True)
    keyed = placeholder.removeprefix(f"<{entity}_").removesuffix(">")
    assert len(keyed) == LENGTH
    assert set(keyed) <= set(ALPHABET)
    assert any(char.isdigit() for char in keyed)


def test_what_the_client_wrote_itself_is_not_issued() -> None:
    """A keyed part that stands in the client's text is never issued, so the client's own text is never taken for a placeholder."""
    usual = Tokens(KEY, "app").issue("PERSON", "Anna", restore=True)
    tokens = Tokens(KEY, "app")
    tokens.avoid(map(hash, lookalikes(f"see {usual.upper()}!")))
    assert tokens.issue("PERSON", "Anna", restore=True) != usual


def test_only_what_is_to_be_restored_is_known() -> None:
    """A placeholder issued without ``restore`` has no way back."""
    tokens = Tokens(KEY, "app")
    keyed = tokens.issue("PERSON", "Anna", restore=False)[-7:-1]
    assert tokens.value_of(keyed) is None
    assert tokens.finder() is None


def test_two_values_never_share_a_placeholder() -> None:
    """Thousands of values of one exchange have as many placeholders."""
    tokens = Tokens(KEY, "app")
    assert len({tokens.issue("PERSON", f"Anna {number}", restore=True) for number in range(20_000)}) == 20_000


def test_the_first_choice_is_what_is_issued() -> None:
    """A remembered first choice gives the placeholder that deriving it anew would give."""
    tokens = Tokens(KEY, "app")
    assert tokens.first_choice("PERSON", "Anna") in Tokens(KEY, "app").issue("PERSON", "Anna", restore=True)


@given(st.text(max_size=30), st.text(max_size=30), st.text())
def test_every_placeholder_is_a_lookalike(before: str, after: str, value: str) -> None:
    """Wherever a placeholder stands between spaces, its keyed part is among the look-alikes."""
    placeholder = Tokens(KEY, "app").issue("PERSON", value, restore=True)
    assert placeholder[-7:-1] in lookalikes(f"{before} {placeholder} {after}")


def keyed_of(placeholder: str) -> str:
    return placeholder[-1 - LENGTH : -1]


def test_what_is_inherited_is_restored_and_issued_again() -> None:
    """A later exchange restores an earlier one's placeholders, and goes on giving the same value the same one, whichever that was."""
    earlier = Tokens(KEY, "app")
    usual = earlier.first_choice("PERSON", "Anna")
    earlier.avoid([hash(usual)])
    unusual = earlier.issue("PERSON", "Anna", restore=True)
    tokens = Tokens(KEY, "app")
    tokens.inherit(earlier.restorable())
    assert tokens.value_of(keyed_of(unusual)) == "Anna"
    assert tokens.finder() is not None
    assert tokens.issue("PERSON", "Anna", restore=True, first=usual) == unusual


def test_what_is_handed_on() -> None:
    """All that can be restored, inherited or issued, the oldest first; nothing that was issued for good."""
    tokens = Tokens(KEY, "app")
    tokens.inherit({"k3x9pa": ("PERSON", "Anna")})
    tokens.issue("PERSON", "Bob", restore=False)
    zoe = tokens.issue("PERSON", "Zoe", restore=True)
    assert list(tokens.restorable().items()) == [("k3x9pa", ("PERSON", "Anna")), (keyed_of(zoe), ("PERSON", "Zoe"))]


def test_an_inherited_placeholder_is_not_given_to_another_value() -> None:
    """A value whose first choice stands for another value in the conversation gets another placeholder; both are restored rightly."""
    tokens = Tokens(KEY, "app")
    taken = tokens.first_choice("PERSON", "Anna")
    tokens.inherit({taken: ("PERSON", "Bob")})
    mine = tokens.issue("PERSON", "Anna", restore=True, first=taken)
    assert (tokens.value_of(taken), tokens.value_of(keyed_of(mine))) == ("Bob", "Anna")


@pytest.mark.parametrize("owner", [("PERSON", "Bob"), ("EMAIL_ADDRESS", "Anna")])
@pytest.mark.parametrize("first", ["issued", "inherited"])
def test_a_placeholder_of_two_values_is_restored_to_neither(owner: tuple[str, str], first: str) -> None:
    """Where two exchanges gave one keyed part to different values or types, it stays as it is, and nothing is given it any more."""
    tokens = Tokens(KEY, "app")
    keyed = tokens.first_choice("PERSON", "Anna")
    if first == "issued":
        tokens.issue("PERSON", "Anna", restore=True)
    else:
        tokens.inherit({keyed: ("PERSON", "Anna")})
    tokens.inherit({keyed: owner})
    tokens.inherit({keyed: ("PERSON", "Anna")})
    assert tokens.value_of(keyed) is None
    assert tokens.finder() is None
    assert tokens.restorable() == {}
    for entity, value in (owner, ("PERSON", "Anna")):
        mine = keyed_of(tokens.issue(entity, value, restore=True))
        assert mine != keyed
        assert tokens.value_of(mine) == value


@given(st.lists(st.dictionaries(st.sampled_from(["a2", "b2", "c2"]), st.tuples(st.just("PERSON"), st.sampled_from("xyz"))), max_size=4))
def test_no_order_of_inheriting_restores_wrongly(sources: list[dict[str, tuple[str, str]]]) -> None:
    """A keyed part is restored if and only if all that know it agree, in whatever order they come."""
    tokens = Tokens(KEY, "app")
    for source in sources:
        tokens.inherit(source)
    for keyed in ("a2", "b2", "c2"):
        said = {source[keyed][1] for source in sources if keyed in source}
        assert tokens.value_of(keyed) == (said.pop() if len(said) == 1 else None)
