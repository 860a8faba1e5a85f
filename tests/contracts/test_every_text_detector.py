"""What ``InlineDetector`` promises, asked of every inline detector with random texts and random cuts."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.contract import InlineDetector, PooledDetector, shown_to
from detectors.finding import Finding
from detectors.registry import Options, build
from detectors.text.custom import CustomPattern
from tests.detectors.text import forms

PATTERNS = (
    CustomPattern("BADGE", r"\bB-\d{4,6}\b", context=("badge",)),
    CustomPattern("PAIR", r"\d{2}[ -]\d{2}"),
    CustomPattern("TAGGED", r"(?<=#)[a-z]{1,12}(?=\s)"),
    CustomPattern("LONG", r"<[^>]{0,80}>"),
)


@pytest.fixture(scope="module", params=["coarse", "hyperscan"])
def detectors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[InlineDetector]:
    if request.param == "hyperscan":
        pytest.importorskip("hyperscan", reason="Hyperscan is not available on this machine")
    cache_dir = str(tmp_path_factory.mktemp("cache")) if request.param == "hyperscan" else None
    built = build("pii", Options(patterns=PATTERNS, cache_dir=cache_dir))
    return [detector for detector in built if not isinstance(detector, PooledDetector)]


texts = st.one_of(forms.text, st.text(alphabet="B-0123456789 #abc<> \n", max_size=200))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=texts, data=st.data())
def test_a_stream_is_scanned_like_the_whole(detectors: list[InlineDetector], text: str, data: st.DataObject) -> None:
    """However a text is cut, and however much of what lies before is kept, its findings are those of the whole."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8), label="cuts"))
    extra = data.draw(st.sampled_from([0, 1, 5000]), label="characters kept beyond the look-behind")
    for detector in detectors:
        assert list(_streamed(detector, text, [*cuts, len(text)], extra)) == detector.scan(text)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=texts.map(lambda text: text[:160]))
def test_one_character_at_a_time(detectors: list[InlineDetector], text: str) -> None:
    """The finest cut is no exception."""
    for detector in detectors:
        assert list(_streamed(detector, text, list(range(1, len(text) + 1)), 0)) == detector.scan(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=texts, more=texts)
def test_what_is_settled_stays(detectors: list[InlineDetector], text: str, more: str) -> None:
    """No text to come changes a finding that begins before the settled offset, nor makes it reach beyond."""
    for detector in detectors:
        settled = detector.settled(text)
        before = [finding for finding in detector.scan(text) if finding.start < settled]
        assert before == [finding for finding in detector.scan(text + more) if finding.start < settled]
        assert all(finding.end <= settled for finding in before)
        assert detector.settled(text + more) >= settled


def test_empty_text(detectors: list[InlineDetector]) -> None:
    """Nothing is found in nothing."""
    for detector in detectors:
        assert detector.scan("") == []
        assert detector.settled("") == 0


def _streamed(detector: InlineDetector, text: str, cuts: list[int], extra: int) -> Iterator[Finding]:
    """An incremental reader: a cursor, a window that begins ``lookbehind`` (or more) before it, and only what is settled."""
    at = 0
    for cut in cuts:
        begin = max(0, at - detector.lookbehind - extra)
        window = text[begin:cut]
        start = at - begin
        settled = len(window) if cut == len(text) else detector.settled(window, start)
        assert start <= settled <= len(window)
        for found in detector.scan(window, start):
            if found.start < settled:
                assert found.end <= settled
                yield Finding(found.detector, found.kind, found.start + begin, found.end + begin, found.score, found.evidence)
        at = begin + settled


def test_what_it_is_shown() -> None:
    """Pooled detectors say what a unit is, and by that alone they are told from those that run where they stand."""
    built = build("pii", Options(entities=("PERSON", "EMAIL_ADDRESS")))
    assert [shown_to(detector) is not None for detector in built] == [isinstance(detector, PooledDetector) for detector in built]
    assert sorted({shown_to(detector) for detector in built}, key=str) == [None, "sentence"]
