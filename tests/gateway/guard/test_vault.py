"""What is sealed opens for whom it was sealed, and for nobody else."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.guard.vault import MAX_BYTES, MAX_ENTRIES, NONCE_BYTES, VaultError, joined, seal, storage_name, unseal
from tests.support.guards import KEY

NONCE = bytes(range(NONCE_BYTES))
ANY_TEXT = st.text(st.characters(exclude_categories=()))
OWNERS = st.tuples(st.text(min_size=1), ANY_TEXT)
ENTRIES = st.dictionaries(st.text(min_size=6, max_size=6), OWNERS, max_size=20)
ANNA = {"k3x9pa": ("PERSON", "Anna")}


def sealed(entries, key: bytes = KEY, app: str = "app", name: str = "resp_1") -> bytes:
    return seal(key, app, name, entries, NONCE).blob


@given(ENTRIES, ANY_TEXT, ANY_TEXT, st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_what_is_sealed_opens(entries, app, name, nonce):
    """Any entries come back as they were and in their order, for any app and name, lone surrogates and all."""
    made = seal(KEY, app, name, entries, nonce)
    assert made.left_out == 0
    assert list(unseal(KEY, app, name, made.blob).items()) == list(entries.items())


@given(st.data())
def test_no_changed_bit_opens(data):
    """A blob with any one bit turned over is refused."""
    blob = bytearray(sealed(ANNA))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(VaultError):
        unseal(KEY, "app", "resp_1", bytes(blob))


@given(st.binary(max_size=200))
@example(b"")
@example(b"\x01")
def test_what_we_have_not_sealed_is_refused(blob):
    """Whatever bytes a store gives back, there are no entries but those that were sealed, and no other error."""
    for each in (blob, sealed(ANNA) + blob[:1] + b"x", sealed(ANNA)[: len(blob) % 40]):
        with pytest.raises(VaultError):
            unseal(KEY, "app", "resp_1", each)


@pytest.mark.parametrize(
    ("key", "app", "name"),
    [(b"x" * 32, "app", "resp_1"), (KEY, "app2", "resp_1"), (KEY, "app", "resp_2"), (KEY, "appr", "esp_1"), (KEY, "", "appresp_1")],
)
def test_nobody_else_opens_it(key, app, name):
    """Another key, app or name opens nothing, nor does another way of cutting the same letters into app and name."""
    with pytest.raises(VaultError):
        unseal(key, app, name, sealed(ANNA))
    assert storage_name(key, app, name) != storage_name(KEY, "app", "resp_1")


def test_a_store_learns_nothing():
    """Neither the blob nor the name under which it is stored has anything of app, name, type or value in it."""
    secret = {"k3x9pa": ("PERSON", "Annabella")}
    shown = sealed(secret, app="support", name="resp_known") + storage_name(KEY, "support", "resp_known").encode()
    for word in (b"Annabella", b"PERSON", b"k3x9pa", b"support", b"resp_known"):
        assert word not in shown


def test_the_nonce_changes_everything():
    """The same entries sealed twice are two different blobs."""
    assert seal(KEY, "app", "n", ANNA, NONCE).blob[13:] != seal(KEY, "app", "n", ANNA, NONCE[::-1]).blob[13:]


def test_a_nonce_has_its_length():
    """A nonce that is too short, by which two could be the same, is refused."""
    with pytest.raises(ValueError, match="12 bytes"):
        seal(KEY, "app", "resp_1", ANNA, b"short")


@pytest.mark.parametrize(
    ("entries", "kept"),
    [
        ({f"k{number}": ("PERSON", "Anna") for number in range(MAX_ENTRIES)}, MAX_ENTRIES),
        ({f"k{number}": ("PERSON", "Anna") for number in range(MAX_ENTRIES + 7)}, MAX_ENTRIES),
        ({"a": ("PERSON", "é" * 200_000), "b": ("PERSON", "é" * 200_000), "c": ("PERSON", "Anna")}, 2),
        ({"a": ("PERSON", "Anna"), "b": ("PERSON", "x" * MAX_BYTES)}, 0),
    ],
)
def test_bounds(entries, kept):
    """The oldest entries are left out of what is too much, and how many they are is said."""
    made = seal(KEY, "app", "resp_1", entries, NONCE)
    assert made.left_out == len(entries) - kept
    assert len(made.blob) <= MAX_BYTES
    assert unseal(KEY, "app", "resp_1", made.blob) == dict(list(entries.items())[len(entries) - kept :])


@settings(max_examples=20)
@given(st.integers(-40, 40))
def test_the_bound_in_bytes_is_exact(over):
    """A value near the bound is either in, whole and readable, or said to be left out."""
    entries = {"k": ("T", "x" * (MAX_BYTES - 40 + over))}
    made = seal(KEY, "app", "resp_1", entries, NONCE)
    assert unseal(KEY, "app", "resp_1", made.blob) == (entries if made.left_out == 0 else {})
    assert len(made.blob) <= MAX_BYTES


@given(ENTRIES, ENTRIES)
def test_joined(before, now):
    """Everything of both, the older first, but for what they do not agree on."""
    both = joined(before, now)
    agreed = [keyed for keyed in {**before, **now} if before.get(keyed, now.get(keyed)) == now.get(keyed, before.get(keyed))]
    assert list(both) == agreed
    assert all(owner in (before.get(keyed), now.get(keyed)) for keyed, owner in both.items())


def test_what_is_not_agreed_on_is_in_neither():
    """A keyed part that stands for two values is not kept for either."""
    assert joined({"a": ("PERSON", "Anna"), "b": ("PERSON", "Bob")}, {"a": ("PERSON", "Zoe")}) == {"b": ("PERSON", "Bob")}
