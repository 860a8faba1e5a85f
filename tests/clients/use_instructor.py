"""Instructor against an endpoint that is given on standard input; prints what it read, as JSON."""

import json
import sys

import instructor
from instructor.core import InstructorRetryException
from openai import BadRequestError, OpenAI
from pydantic import BaseModel

given = json.load(sys.stdin)
openai = OpenAI(base_url=given["url"], api_key="any", max_retries=0)
user = [{"role": "user", "content": given["text"]}]


class Contact(BaseModel):
    """Somebody to write to."""

    name: str
    email: str


def ask(mode: instructor.Mode, model: str = "demo") -> dict:
    client = instructor.from_openai(openai, mode=mode)
    return client.create(model=model, messages=user, response_model=Contact, max_retries=0).model_dump()


def stopped() -> dict:
    try:
        ask(instructor.Mode.TOOLS, "demo-strict")
    except InstructorRetryException as error:  # of whatever goes wrong, be it tried again or not
        cause: BaseException | None = error
        while cause and not isinstance(cause, BadRequestError):
            cause = cause.__cause__
        return {"code": getattr(cause, "code", None), "text": str(error)}
    return {}


tools = instructor.from_openai(openai, mode=instructor.Mode.TOOLS)
parts = list(tools.create_partial(model="demo", messages=user, response_model=Contact))

print(
    json.dumps(
        {
            "tools": ask(instructor.Mode.TOOLS),
            "json schema": ask(instructor.Mode.JSON_SCHEMA),
            "responses": ask(instructor.Mode.RESPONSES_TOOLS),
            "partial": parts[-1].model_dump(),
            "stopped": stopped(),
        }
    )
)
