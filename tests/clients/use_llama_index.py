"""LlamaIndex against an endpoint that is given on standard input; prints what it read, as JSON.

It takes only models that it knows, and those that are trained from them.
"""

import json
import sys

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI, OpenAIResponses
from openai import BadRequestError
from pydantic import BaseModel

given = json.load(sys.stdin)
access = {"api_base": given["url"], "api_key": "any", "max_retries": 0}


class Contact(BaseModel):
    """Somebody to write to."""

    name: str
    email: str


def send_email(to: str, subject: str) -> str:
    """Sends an e-mail."""
    return f"sent to {to}: {subject}"


def stopped() -> dict:
    try:
        strict.chat(say)
    except BadRequestError as error:
        return {"code": error.code, "text": str(error)}
    return {}


model = OpenAI(model="gpt-4o-mini", **access)
strict = OpenAI(model="ft:gpt-4o-mini:strict", **access)
responses = OpenAIResponses(model="gpt-4o-mini", **access)
say = [ChatMessage(role="user", content=given["say"])]
called = model.chat_with_tools([FunctionTool.from_defaults(send_email)], user_msg=given["send"])
halted = list(strict.stream_chat([ChatMessage(role="user", content=given["secret"])]))

print(
    json.dumps(
        {
            "said": model.chat(say).message.content,
            "streamed": "".join(part.delta or "" for part in model.stream_chat(say)),
            "completed": model.complete(given["say"]).text,
            "responses": responses.chat(say).message.content,
            "responses streamed": "".join(part.delta or "" for part in responses.stream_chat(say)),
            "contact": model.as_structured_llm(Contact).chat([ChatMessage(role="user", content=given["text"])]).raw.model_dump(),
            "tool": model.get_tool_calls_from_response(called)[0].tool_kwargs,
            "stopped": stopped(),
            "halted": "".join(part.delta or "" for part in halted),
            "halted by": [reason for part in halted for choice in part.raw.choices if (reason := choice.finish_reason)],
        }
    )
)
