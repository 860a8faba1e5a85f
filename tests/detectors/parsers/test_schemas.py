"""Documents and values against schemas, by tables and by comparison with the library that is the judge of whole documents."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from detectors.parsers.contract import NewParser, ParserError, Violation
from detectors.parsers.schemas import check_value, compile_schema
from tests.detectors.parsers.documents import VALUES, documents, pieces, written


def verdict(new_parser: NewParser, texts: list[str]) -> Violation | None:
    parser = new_parser()
    for text in texts:
        violation = parser.feed(text)
        if violation is not None:
            assert parser.feed("more") == parser.close() == violation
            return violation
    return parser.close()


def first_at(new_parser: NewParser, text: str) -> int | None:
    """How many characters had to come until it was told that the text cannot become valid."""
    parser = new_parser()
    return next((count for count, each in enumerate(text, 1) if parser.feed(each)), None)


def is_valid(schema: Any, value: Any) -> bool:
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.validator_for(schema, validate_formats=True, pattern_options=options).is_valid(value)


def compiled(schema: Any) -> NewParser:
    """A random schema may refer to itself, and so say nothing: then another is drawn."""
    try:
        return compile_schema(schema)
    except ParserError as error:
        assert error.why == "refers to itself, and so says nothing"  # noqa: PT017  # what else would be a defect
        reject()


class TestAgainstTheLibrary:
    @given(st.data())
    @settings(max_examples=150, deadline=None)
    def test_valid_says_nothing_and_invalid_is_told(self, data: st.DataObject):
        """However a document is written and cut, nothing is said of it before its end if it is valid, and something at its end if not."""
        value = data.draw(VALUES)
        schema = data.draw(documents(data.draw(st.one_of(st.just(value), VALUES))))
        found = verdict(compiled(schema), data.draw(pieces(data.draw(written(value)))))
        assert (found is None) == is_valid(schema, value)
        assert (check_value(schema)(value) is None) == is_valid(schema, value)

    @given(st.data())
    @settings(max_examples=100, deadline=None)
    def test_cuts_change_nothing(self, data: st.DataObject):
        """What is told, and of which token, is the same for every way of cutting the text, also of texts that are no JSON."""
        value = data.draw(VALUES)
        new_parser = compiled(data.draw(documents(value)))
        text = data.draw(written(value))
        spoilt_at = data.draw(st.integers(0, len(text)))
        text = text[:spoilt_at] + data.draw(st.sampled_from(["", "", '"', "}", "1", "\\", "\x00", "\ud800", ",", "e"])) + text[spoilt_at:]
        whole, cut = verdict(new_parser, [text]), verdict(new_parser, data.draw(pieces(text)))
        assert (whole and whole.at) == (cut and cut.at)


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 5},
        "kind": {"enum": ["red", "reddish", 3]},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
        "boss": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        "shape": {"oneOf": [{"$ref": "#/$defs/round"}, {"$ref": "#/$defs/square"}]},
        "extra": {"type": "object", "additionalProperties": {"type": "number"}, "maxProperties": 1},
        "hard": {"type": "array", "items": {"not": {"const": 13}}},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {
        "round": {"type": "object", "properties": {"is": {"const": "round"}, "radius": {"type": "number"}}, "required": ["is"]},
        "square": {"type": "object", "properties": {"is": {"const": "square"}, "side": {"type": "number"}}, "required": ["is"]},
    },
}

# Each text up to the character at which it must be told; and what is told.
EARLY = [
    ("[", "$: must be an object"),
    ('{"nu', "$: has a property that is not allowed"),
    ('{"nam"', "$: has a property that is not allowed"),
    ('{"name":4', "$.name: must be a string"),
    ('{"name":"abcdef', "$.name: must have at most 5 characters"),
    ('{"name":"\\u00e9\\ud83d\\ude00345x', "$.name: must have at most 5 characters"),
    ('{"kind":"rex', "$.kind: must be one of the listed values"),
    ('{"kind":"re"', "$.kind: must be one of the listed values"),
    ('{"kind":4,', "$.kind: must be one of the listed values"),
    ('{"kind":t', "$.kind: must be one of the listed values"),
    ('{"age":-1,', "$.age: must be at least 0"),
    ('{"age":1.5}', "$.age: must be an integer"),
    ('{"tags":["a","b","', "$.tags: must have at most 2 items"),
    ('{"tags":["a",1', "$.tags[1]: must be a string"),
    ('{"boss":1', "$.boss: fits none of its alternatives"),
    ('{"boss":{"name":"a","boss":{"x', "$.boss: fits none of its alternatives"),
    ('{"boss":{}', "$.boss: fits none of its alternatives"),
    ('{"shape":{"is":"t', "$.shape: fits none of its alternatives"),
    ('{"shape":{"side":1,"radius":"', None),
    ('{"shape":{"is":"round","radius":"', "$.shape: fits none of its alternatives"),
    ('{"shape":{"is":"round","side":"', None),
    ('{"extra":{"secret":"', "$.extra.*: must be a number"),
    ('{"extra":{"a":1,"b"', "$.extra: must have at most 1 properties"),
    ('{"age":1}', "$: must have the property 'name'"),
    ('{"name":"a","hard":[13]}', "$.hard[0]: is what it must not be"),
    ('{"name":"a","name"', "$: has a property twice"),
    ('{"name":"a"}x', "not JSON: nothing may follow the document"),
    ('{"name":"a\n', "not JSON: a string has a character that must be escaped"),
    ('{"name":"\\x', "not JSON: a string has an escape that JSON does not know"),
    ('{"age":01', "not JSON: neither a number nor true, false or null"),
    ('{"age":1e999}', "a number is beyond the range of a double"),
    ("{,", "not JSON: the name of a property must begin here"),
    ('{"age",', "not JSON: a colon must be here"),
    ('{"tags":["a"}', "not JSON: a comma, or the end of the object or array, must be here"),
    ('{"tags":["a",]', "not JSON: a value must begin here"),
    ("\ufeff", "not JSON: a value must begin here"),
]


class TestTellsEarly:
    @pytest.mark.parametrize(("text", "reason"), EARLY, ids=[f"{index}" for index in range(len(EARLY))])
    def test_at_the_character(self, text: str, reason: str | None):
        """What cannot become valid is told at the first character that makes it so."""
        new_parser = compile_schema(PERSON)
        assert first_at(new_parser, text) == (None if reason is None else len(text))
        if reason is not None:
            found = verdict(new_parser, [text])
            assert found is not None
            assert found.reason == reason

    def test_at_is_the_token(self):
        """A violation is of the token that is wrong, told by its beginning."""
        text = '{"name": "a", "age": -1}'
        assert verdict(compile_schema(PERSON), [text]) == Violation(text.index("-1"), "$.age: must be at least 0")

    @pytest.mark.parametrize("text", ["", " ", "{", '{"name', '{"name":"a\\', '{"name":"\\ud83d', '{"name":"a"', "[1"])
    def test_an_end_too_soon(self, text: str):
        """A text that is not whole is not valid, and that is told at its end."""
        assert verdict(compile_schema(True), [text]) == Violation(len(text), "the text ends before the document does")

    @pytest.mark.parametrize("text", ["-", "tru", "1.", "1e+", "nul"])
    def test_an_end_within_a_word(self, text: str):
        """The same of a number or a name, told of where that began."""
        assert verdict(compile_schema(True), [text]) == Violation(0, "not JSON: neither a number nor true, false or null")


class TestBounds:
    def test_length(self):
        """The longest text is one of as many characters as are given, however it is cut."""
        new_parser = compile_schema(True, max_chars=10)
        assert verdict(new_parser, ['"12345678"']) is None
        for texts in (['"123456789"'], list('"123456789"'), ['"', "x" * 1000]):
            assert verdict(new_parser, texts) == Violation(10, "has more than 10 characters")

    def test_depth(self):
        """Deep documents are refused where they become too deep, and never a problem of the reader."""
        assert verdict(compile_schema(True, max_depth=3), ["[[[1]]]"]) is None
        assert verdict(compile_schema(True, max_depth=3), ["[[[["]) == Violation(3, "nested more than 3 deep")
        assert verdict(compile_schema(True), ["[" * 99_999]) == Violation(64, "nested more than 64 deep")

    def test_numbers(self):
        """A number of any size that a document may well have is taken; one that is endless is not kept."""
        assert verdict(compile_schema({"type": "integer", "maximum": 10**300}), ["9" * 300]) is None
        found = verdict(compile_schema(True), ["9"] * 1000)
        assert found == Violation(0, "a number has more than 400 characters")

    def test_alternatives_within_alternatives(self):
        """Where alternatives multiply with depth, documents are refused where it would take too long to check them."""
        node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "end": {"type": "integer"}}}
        schema = {"$defs": {"node": {"anyOf": [node, dict(node)]}}, "$ref": "#/$defs/node"}
        for check in (lambda text: verdict(compile_schema(schema), [text]), lambda text: check_value(schema)(json.loads(text))):
            assert check('{"next":{"next":{"end":1}}}') is None
            assert check('{"next":' * 40 + '{"end":"x"' + "}" * 41).reason == "nested more than 6 deep"

    def test_alternatives_side_by_side(self):
        """Alternatives that do not multiply leave the depth as it is: a choice that is made once, or whose kinds lead nowhere together."""
        leaf = {"properties": {"next": {"$ref": "#"}, "end": {"type": "integer"}}}
        schema = {"anyOf": [leaf, {"type": "null"}, {"type": "integer"}]}
        assert verdict(compile_schema(schema), ['{"next":' * 60 + '{"end":1' + "}" * 61]) is None

    def test_half_a_pair(self):
        """Half a surrogate pair that is written as an escape is one character; as it is, it is none."""
        assert verdict(compile_schema({"maxLength": 1}), ['"\\ud83d"']) is None
        assert verdict(compile_schema({"maxLength": 1}), ['"\\ud8', "3d\\ude", '00"']) is None
        assert verdict(compile_schema(True), ['"\ud83d"']) == Violation(1, "not JSON: a string has a character that must be escaped")


class TestSaysNothingOfTheText:
    SECRET = "4111-1111"

    @pytest.mark.parametrize(
        ("schema", "value"),
        [
            ({"type": "object", "additionalProperties": False}, {SECRET: 1}),
            ({"type": "object", "unevaluatedProperties": False}, {SECRET: 1}),
            ({"additionalProperties": {"additionalProperties": {"type": "number"}}}, {SECRET: {SECRET: SECRET}}),
            ({"propertyNames": {"maxLength": 3}}, {SECRET: 1}),
            ({"not": {"required": [SECRET[:4]]}}, {SECRET[:4]: SECRET}),
            ({"enum": ["a"]}, SECRET),
            ({"pattern": "^a"}, SECRET),
            ({"format": "date"}, SECRET),
            ({"contains": {"const": 1}}, [SECRET]),
            ({"dependentRequired": {"a": ["b"]}}, {"a": SECRET}),
            ({"anyOf": [{"type": "number"}, {"maxLength": 1}]}, SECRET),
        ],
    )
    def test_reason(self, schema: Any, value: Any):
        """Neither values nor names that the schema does not know are in a reason, of texts and of values."""
        for found in (verdict(compile_schema(schema), [json.dumps(value)]), check_value(schema)(value)):
            assert found is not None
            assert self.SECRET not in found.reason


# Schemas that cannot be used: where, and a word of why.
UNUSABLE = [
    ({"type": "strin"}, "$.type", "strin"),
    ({"properties": {"a": {"minimum": "3"}}}, "$.properties.a.minimum", "number"),
    ({"properties": {"a": {"requierd": ["b"]}}}, "$.properties.a", "'requierd' is no keyword"),
    ({"dependencies": {}}, "$", "'dependencies' is no keyword"),
    ({"$schema": "http://json-schema.org/draft-07/schema#", "prefixItems": []}, "$", "'prefixItems' is no keyword"),
    ({"$schema": "http://json-schema.org/draft-04/schema#"}, "$", "2020-12"),
    ({"$ref": "#/$defs/none"}, "$", "none"),
    ({"$ref": "#/properties", "properties": {}}, "$", "a part of this schema"),
    ({"properties": {"a": {"$id": "http://example.com/a"}}}, "$.properties.a", "$id"),
    ({"$dynamicRef": "#a"}, "$", "'$dynamicRef' is no keyword"),
    ({"properties": {"a": {"anyOf": [{"$ref": "#"}] * 40}}}, "$", "too many to check"),
    ({"$ref": "http://127.0.0.1:9/schema"}, "$", "disabled"),
    ({"$ref": "file:///etc/passwd"}, "$", "disabled"),
    ({"$ref": "#"}, "$", "itself"),
    (
        {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}},
        "$.$defs.a",
        "itself",
    ),
    ({"pattern": "("}, "$.pattern", "regex"),
    ({"pattern": "(?=a)"}, "$.pattern", "regex"),
    ({"pattern": "(?:[a-z]{1,1000}){1,1000}"}, "$.pattern", "regex"),
    ({"format": "emial"}, "$.format", "emial"),
    ({"const": float("nan")}, "$.const", "float is no value of JSON"),
    ({"properties": {1: {}}}, "$.properties", "quote it"),
    ({"enum": list(range(30_000))}, None, "at most 20000 values"),
    ({"anyOf": [{"type": "string"}] * 300}, "$", "alternatives"),
    ({"allOf": [{"type": "string"}] * 300}, "$", "alternatives"),
    ({"const": "\ud800"}, "$", "UTF-8"),
]


class TestUnusable:
    @pytest.mark.parametrize(("schema", "place", "why"), UNUSABLE, ids=[f"{index}" for index in range(len(UNUSABLE))])
    def test_is_told_at_load(self, schema: Any, place: str | None, why: str):
        """A schema that cannot be used is told when it is compiled, with its place."""
        with pytest.raises(ParserError) as told:
            compile_schema(schema)
        assert place is None or told.value.place == place
        assert why in told.value.why

    def test_depth(self):
        """A schema that holds itself, as YAML allows, is told as one that is too deep."""
        schema: dict[str, Any] = {}
        schema["not"] = schema
        with pytest.raises(ParserError, match="deep"):
            check_value(schema)

    def test_references(self):
        """A reference may lead through any part, with names as pointers write them."""
        schema = {"$defs": {"a/b c": {"prefixItems": [{"type": "number"}]}}, "items": {"$ref": "#/$defs/a~1b%20c/prefixItems/0"}}
        assert verdict(compile_schema(schema), ["[1, 2]"]) is None
        assert first_at(compile_schema(schema), '[1, "') == 5

    def test_drafts(self):
        """In draft 7 a reference stands for all of its schema, and a list of items is of the first ones."""
        schema = {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"word": {"type": "string"}},
            "items": [{"$ref": "#/definitions/word", "maxLength": 1}],
            "additionalItems": {"type": "number"},
        }
        assert verdict(compile_schema(schema), ['["abc", 1]']) is None
        assert first_at(compile_schema(schema), '["abc", "') == 9


class TestValues:
    def test_arguments(self):
        """The arguments of a tool: ranges, lists and formats, with the place of the first that is wrong."""
        check = check_value({"properties": {"last4": {"pattern": "^[0-9]{4}$"}, "n": {"maximum": 3}, "on": {"format": "date"}}})
        assert check({"last4": "1234", "n": 3, "on": "2026-01-31"}) is None
        assert check({"last4": "12345"}) == Violation(0, "$.last4: must match the pattern")
        assert check({"n": 4}) == Violation(0, "$.n: must be at most 3")
        assert check({"on": "2026-02-31"}) == Violation(0, "$.on: must be of the format date")

    def test_what_the_library_does_not_take(self):
        """A value that cannot be checked is not valid."""
        assert check_value({"type": "string"})("\ud800") == Violation(0, "$: cannot be checked")
