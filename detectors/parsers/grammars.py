"""Texts of a regex or of a grammar, in linear time of the text for a regex: neither has an engine that backtracks.

A regex is of the whole text, without look-around and references back. A grammar is of the Lark kind that ``llguidance`` documents: rules
in lower case, terminals in upper case, ``start`` the rule of the whole text. Nothing is skipped but what the grammar says to ``%ignore``.
"""

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from detectors.parsers.contract import MAX_CHARS, NewParser, ParserError, Violation

MAX_SOURCE_CHARS = 20_000
_ROW_ITEMS = 500
_LEXER_STATES = 10_000
_GRAMMAR_SYMBOLS = 50_000


class Matched:
    """A ``Parser`` of one text. A text for which the grammar takes more than a bounded effort is not valid."""

    def __init__(self, matcher: LLMatcher, max_chars: int) -> None:
        self._matcher = matcher
        self._max_chars = max_chars
        self._read = 0
        self._violation: Violation | None = None

    def feed(self, text: str) -> Violation | None:
        if self._violation is None:
            self._violation = self._match(text)
            self._read += len(text)
        return self._violation

    def close(self) -> Violation | None:
        if self._violation is None and not self._matcher.is_accepting():
            self._violation = Violation(self._read, "the text ends before it is what it must be")
        return self._violation

    def _match(self, text: str) -> Violation | None:
        fits = text[: self._max_chars - self._read]
        well_formed = _well_formed(fits)
        matched = self._matcher.try_consume_tokens(list(well_formed))
        if self._matcher.is_error():
            return Violation(self._read, "takes more effort to check than a text may take")
        if matched < len(well_formed):
            at = len(well_formed[:matched].decode(errors="ignore"))
            return Violation(self._read + at, "is not what the text must be from here on")
        read = len(well_formed.decode())
        if read < len(fits):
            return Violation(self._read + read, "has a character that is not Unicode")
        return None if len(fits) == len(text) else Violation(self._max_chars, f"has more than {self._max_chars} characters")


def compile_regex(pattern: str, *, max_chars: int = MAX_CHARS) -> NewParser:
    """What makes a parser for each text, which must match from its beginning to its end. Raises ``ParserError``."""
    return _compiled(pattern, LLMatcher.grammar_from_regex(pattern), max_chars)


def compile_grammar(grammar: str, *, max_chars: int = MAX_CHARS) -> NewParser:
    """What makes a parser for each text. Raises ``ParserError``."""
    if "%json" in grammar:  # its documents have their properties in the order of the schema only
        raise ParserError("", "%json is not to be used in a grammar: give the schema of the whole answer")
    return _compiled(grammar, LLMatcher.grammar_from_lark(grammar), max_chars)


def _compiled(source: str, grammar: str, max_chars: int) -> NewParser:
    if len(source) > MAX_SOURCE_CHARS:
        raise ParserError("", f"has more than {MAX_SOURCE_CHARS} characters")
    tokenizer = LLTokenizer("byte", slices=[])
    limits = LLParserLimits(max_items_in_row=_ROW_ITEMS, max_lexer_states=_LEXER_STATES, max_grammar_size=_GRAMMAR_SYMBOLS)
    _, wrong = LLMatcher.validate_grammar_with_warnings(grammar, tokenizer, limits=limits)
    if wrong:
        raise ParserError("", wrong[0][:500])
    matcher = LLMatcher(tokenizer, grammar, log_level=0, limits=limits)
    return lambda: Matched(matcher.deep_copy(), max_chars)


def _well_formed(text: str) -> bytes:
    """The text up to the first half of a surrogate pair."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        return text[: error.start].encode()
