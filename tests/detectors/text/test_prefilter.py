"""The prefilter changes no result, and its cache is never trusted blindly."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.text.entities import PATTERN_ENTITIES
from detectors.text.pii import PiiPatterns
from detectors.text.prefilter import Coarse, Hit, Hyperscan
from tests.detectors.labelled import needs_data, texts
from tests.detectors.text import forms

needs_hyperscan = pytest.mark.skipif(not __import__("importlib.util").util.find_spec("hyperscan"), reason="Hyperscan is not installed")


class Open:
    """A gate that lets everything through: every character could be anything."""

    def hits(self, text: str) -> list[Hit]:
        return [(at + 1, -1) for at in range(len(text))]


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> list[PiiPatterns]:
    """The same detector without a gate, with the pure-``re`` gate, and with Hyperscan where there is one."""
    ungated = PiiPatterns(PATTERN_ENTITIES)
    ungated._gate = Open()
    return [ungated, PiiPatterns(PATTERN_ENTITIES), PiiPatterns(PATTERN_ENTITIES, cache_dir=str(tmp_path_factory.mktemp("cache")))]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=forms.text)
def test_gates_change_no_result(detectors: list[PiiPatterns], text: str):
    """Gated or not, a text has the same findings."""
    ungated, *gated = detectors
    for detector in gated:
        assert detector.scan(text) == ungated.scan(text)


@needs_data
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_gates_change_no_result_on_real_texts(detectors: list[PiiPatterns], real: list[str], data: st.DataObject):
    """The same on real texts, with some of their characters changed."""
    text = data.draw(st.sampled_from(real))
    for at, char in data.draw(
        st.lists(st.tuples(st.integers(0, max(0, len(text) - 1)), st.sampled_from("0123456789 -./()+:,@Aa\né٣")), max_size=6)
    ):
        text = text[:at] + char + text[at + 1 :]
    ungated, *gated = detectors
    for detector in gated:
        assert detector.scan(text) == ungated.scan(text)


@pytest.fixture(scope="module")
def real() -> list[str]:
    names = ["pii_presidio_synth", "traffic_reference_chats", "benign_instructions"]
    return [text[:1500] for name in names for text in texts(name, 400)]


def test_coarse_positions_are_ends():
    """A position is where a match ends, with every finder whose expression it was."""
    assert Coarse([(r"\d+",), ("@", r"\d+")]).hits("a 12@") == [(4, 0b11), (5, 0b10)]


@needs_hyperscan
class TestHyperscan:
    TRIGGERS = ((r"\d{3}",), ("é@",))

    def test_positions_are_in_characters(self, tmp_path: Path):
        """Bytes are counted as the characters they make; a lone surrogate counts as one."""
        assert Hyperscan(self.TRIGGERS, tmp_path).hits("日é\ud800é@123") == [(5, 0b10), (8, 0b01)]

    def test_second_start_loads(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """What was compiled once is read, not compiled."""
        import detectors.text.prefilter as module

        Hyperscan(self.TRIGGERS, tmp_path)
        compiled: list[int] = []
        compile_ = module._compiled
        monkeypatch.setattr(module, "_compiled", lambda triggers: compiled.append(len(triggers)) or compile_(triggers))
        assert Hyperscan(self.TRIGGERS, tmp_path).hits("123") == [(3, 1)]
        assert compiled == [1]  # the question which library this is

    @pytest.mark.parametrize(
        "damage", [lambda raw: b"", lambda raw: raw[:100], lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), lambda raw: b"x" + raw]
    )
    def test_damaged_cache_is_rebuilt(self, tmp_path: Path, damage):
        """A file that is not exactly what was stored is compiled anew and replaced."""
        Hyperscan(self.TRIGGERS, tmp_path)
        (stored,) = tmp_path.glob("*.hsdb")
        good = stored.read_bytes()
        stored.write_bytes(damage(good))
        assert Hyperscan(self.TRIGGERS, tmp_path).hits("123") == [(3, 1)]
        assert len(stored.read_bytes()) == len(good)

    def test_foreign_cache_is_rebuilt(self, tmp_path: Path):
        """Another set's database under this set's name is not taken."""
        Hyperscan(self.TRIGGERS, tmp_path / "a")
        Hyperscan(((r"[a-z]{5}",),), tmp_path / "b")
        (own,), (other,) = (tmp_path / "a").glob("*.hsdb"), (tmp_path / "b").glob("*.hsdb")
        own.write_bytes(other.read_bytes())
        assert Hyperscan(self.TRIGGERS, tmp_path / "a").hits("123 abcde") == [(3, 1)]

    def test_unwritable_cache_is_no_error(self, tmp_path: Path):
        """A cache is a convenience."""
        (tmp_path / "file").write_text("")
        assert Hyperscan(self.TRIGGERS, tmp_path / "file").hits("123") == [(3, 1)]
