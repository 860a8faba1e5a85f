import json

import pytest
from pydantic import BaseModel

from gateway.demo.sample import sample, sample_arguments

TEXT = "My name is Ann Lee, write to ann@example.org or call +1 212 555 0143 about 3 parcels in Oslo"


class Parcel(BaseModel):
    city: str
    count: int
    weight: float | None
    urgent: bool


class Order(BaseModel):
    customer_name: str
    email: str
    phone: str
    parcels: list[Parcel]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "enum": ["small", "parcel", "large"]}, "parcel"),
        ({"type": "string", "enum": ["red", "green"]}, "red"),
        ({"const": 7}, 7),
        ({"type": "integer"}, 3),
        ({"type": "integer", "minimum": 10}, 10),
        ({"type": "number", "maximum": 2}, 2.0),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["integer", "null"]}, 3),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 3),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [3, 3]),
        ({"type": "string", "format": "email"}, "ann@example.org"),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"properties": {"mobilePhone": {"type": "string"}}}, {"mobilePhone": "+1 212 555 0143"}),
        ({"properties": {"body": {"type": "string", "maxLength": 10}}}, {"body": "My name is"}),
        ({}, "Ann Lee"),
        (True, "Ann Lee"),
    ],
)
def test_schemas_are_filled(schema: object, expected: object):
    """Each kind of schema gets an instance, with the text's own values where a name or format asks for them."""
    assert sample(schema, TEXT) == expected


def test_a_model_of_pydantic_validates_its_sample():
    """What the SDK's ``parse`` sends comes back as an instance of it, references and nested parts included."""
    order = Order.model_validate(sample(Order.model_json_schema(), TEXT))
    assert (order.customer_name, order.email, order.phone) == ("Ann Lee", "ann@example.org", "+1 212 555 0143")
    assert order.parcels == [Parcel(city="Oslo", count=3, weight=3.0, urgent=True)]


def test_a_schema_that_refers_to_itself_ends():
    """A recursive schema gets a finite instance."""
    node = {"type": "object", "properties": {"child": {"$ref": "#"}}, "required": ["child"]}
    assert len(json.dumps(sample(node, TEXT))) < 1000


def test_arguments_are_always_an_object():
    """A tool without parameters is called with none."""
    assert sample_arguments({}, TEXT) == {}
