"""LangChain against an endpoint that is given on standard input; prints what it read, as JSON."""

import json
import sys

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import BadRequestError
from pydantic import BaseModel

given = json.load(sys.stdin)
access = {"base_url": given["url"], "api_key": "any", "max_retries": 0}


class Contact(BaseModel):
    """Somebody to write to."""

    name: str
    email: str


@tool
def send_email(to: str, subject: str) -> str:
    """Sends an e-mail."""
    return f"sent to {to}: {subject}"


def stopped() -> dict:
    try:
        ChatOpenAI(model="demo-strict", **access).invoke(given["say"])
    except BadRequestError as error:
        return {"code": error.code, "text": str(error)}
    return {}


model = ChatOpenAI(model="demo", **access)
responses = ChatOpenAI(model="demo", use_responses_api=True, **access)
# Its default is to send the numbers of tokens, which no gateway can read.
embeddings = OpenAIEmbeddings(model="demo", check_embedding_ctx_length=False, **access)
halted = list(ChatOpenAI(model="demo-strict", **access).stream(given["secret"]))
called = model.bind_tools([send_email]).invoke(given["send"])
history = [("user", given["send"]), called, send_email.invoke(called.tool_calls[0])]

print(
    json.dumps(
        {
            "said": model.invoke(given["say"]).text,
            "streamed": "".join(chunk.text for chunk in model.stream(given["say"])),
            "responses": responses.invoke(given["say"]).text,
            "responses streamed": "".join(chunk.text for chunk in responses.stream(given["say"])),
            "contact": model.with_structured_output(Contact).invoke(given["text"]).model_dump(),
            "tool": called.tool_calls[0]["args"],
            "after the tool": model.bind_tools([send_email]).invoke(history).text,
            "vectors": len(embeddings.embed_documents([given["text"], "hello"])),
            "stopped": stopped(),
            "halted": "".join(chunk.text for chunk in halted),
            "halted by": [reason for chunk in halted if (reason := chunk.response_metadata.get("finish_reason"))],
        }
    )
)
