"""Texts of a regex or a grammar, told as they stream."""

import re

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.parsers.contract import NewParser, ParserError, Violation
from detectors.parsers.grammars import compile_grammar, compile_regex
from tests.detectors.parsers.documents import pieces

SUMS = 'start: sum\nsum: sum "+" part | part\npart: "(" sum ")" | NUMBER\nNUMBER: /[0-9]+/\n'
WRONG = "is not what the text must be from here on"
TOO_SOON = "the text ends before it is what it must be"


def verdict(new_parser: NewParser, texts: list[str]) -> Violation | None:
    parser = new_parser()
    for text in texts:
        violation = parser.feed(text)
        if violation is not None:
            assert parser.feed("more") == parser.close() == violation
            return violation
    return parser.close()


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "é", ".", "[ab]", "[^a]", r"\d"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.builds(lambda one, often: f"(?:{one}){often}", inner, st.sampled_from(["*", "+", "?", "{1,2}"])),
    ),
    max_leaves=6,
)


class TestRegex:
    @given(EXPRESSIONS, st.text(alphabet="abé1\n", max_size=8), st.data())
    @settings(max_examples=200, deadline=None)
    def test_against_a_backtracking_engine(self, pattern: str, text: str, data: st.DataObject):
        """However it is cut, a text is told to be wrong exactly where no text that begins so can match, and at its end if it does not."""
        found = verdict(compile_regex(pattern), data.draw(pieces(text)))
        fits = [regex.fullmatch(pattern, text[:stop], partial=True) is not None for stop in range(1, len(text) + 1)]
        if False in fits:
            assert found == Violation(fits.index(False), WRONG)
        else:
            assert found == (None if re.fullmatch(pattern, text) else Violation(len(text), TOO_SOON))

    def test_characters(self):
        """Places are of characters, not of bytes; half a surrogate pair is no character."""
        assert verdict(compile_regex("é+x"), ["éé", "éy"]) == Violation(3, WRONG)
        assert verdict(compile_regex("[à-ï]+x"), ["é€"]) == Violation(1, WRONG)
        assert verdict(compile_regex(".*"), ["é\ud83d"]) == Violation(1, "has a character that is not Unicode")
        assert verdict(compile_regex("a\x00b"), ["a\x00b"]) is None

    def test_no_text_at_all(self):
        """A text that is empty is valid where the regex says so."""
        assert verdict(compile_regex("a*"), []) is None
        assert verdict(compile_regex("a+"), [""]) == Violation(0, TOO_SOON)

    @pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)b", r"\bword", "a^b", "x{3,2}", "a" * 30_000])
    def test_unusable(self, pattern: str):
        """A regex that is none, or that cannot be run in linear time, is told when it is compiled."""
        with pytest.raises(ParserError):
            compile_regex(pattern)


class TestGrammar:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1+(2+34)", None),
            ("1++", Violation(2, WRONG)),
            ("(1+2", Violation(4, TOO_SOON)),
            ("1)", Violation(1, WRONG)),
            ("", Violation(0, TOO_SOON)),
            ("1 +2", Violation(1, WRONG)),
        ],
    )
    def test_sums(self, text: str, expected: Violation | None):
        """A text is told at the character that no sentence of the grammar can have there, however it is cut."""
        assert verdict(compile_grammar(SUMS), [text]) == verdict(compile_grammar(SUMS), list(text)) == expected

    def test_parsers_are_apart(self):
        """What one text does to its parser, no other sees."""
        new_parser = compile_grammar(SUMS)
        first, second = new_parser(), new_parser()
        first.feed("(")
        assert second.feed("1") is None
        assert second.close() is None
        assert first.feed("1") is None
        assert first.close() == Violation(2, TOO_SOON)

    @pytest.mark.parametrize("grammar", ["", "start: nothing", "begin: /a/", 'start: %json {"type": "object"}', "start: ("])
    def test_unusable(self, grammar: str):
        """A grammar that is none is told when it is compiled."""
        with pytest.raises(ParserError):
            compile_grammar(grammar)

    def test_effort(self):
        """A text that takes too much effort is not valid, rather than unchecked."""
        found = verdict(compile_grammar('start: twice\ntwice: twice twice | "a"\n'), ["a" * 2000])
        assert found == Violation(0, "takes more effort to check than a text may take")

    def test_length(self):
        """The longest text is one of as many characters as are given, however it is cut."""
        new_parser = compile_regex("é*", max_chars=5)
        assert verdict(new_parser, ["é" * 5]) is None
        assert verdict(new_parser, ["é" * 9]) == verdict(new_parser, ["é"] * 9) == Violation(5, "has more than 5 characters")
