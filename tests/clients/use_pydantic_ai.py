"""Pydantic AI against an endpoint that is given on standard input; prints what it read, as JSON."""

import asyncio
import json
import sys

from pydantic import BaseModel
from pydantic_ai import Agent, ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

given = json.load(sys.stdin)
provider = OpenAIProvider(base_url=given["url"], api_key="any")
sent: list[dict] = []


class Contact(BaseModel):
    """Somebody to write to."""

    name: str
    email: str


def send_email(to: str, subject: str) -> str:
    """Sends an e-mail."""
    sent.append({"to": to, "subject": subject})
    return f"sent to {to}"


async def streamed(agent: Agent, text: str) -> tuple[str, str | None]:
    async with agent.run_stream(text) as result:
        pieces = [piece async for piece in result.stream_text(delta=True)]
        return "".join(pieces), result.response.finish_reason


async def stopped(agent: Agent) -> dict:
    try:
        await agent.run(given["say"])
    except ModelHTTPError as error:
        return {"code": error.body["code"], "text": str(error)}
    return {}


async def main() -> None:
    model, responses = OpenAIChatModel("demo", provider=provider), OpenAIResponsesModel("demo", provider=provider)
    strict = Agent(OpenAIChatModel("demo-strict", provider=provider), retries=0)
    halted, reason = await streamed(strict, given["secret"])
    read = {
        "said": (await Agent(model).run(given["say"])).output,
        "streamed": (await streamed(Agent(model), given["say"]))[0],
        "responses": (await Agent(responses).run(given["say"])).output,
        "responses streamed": (await streamed(Agent(responses), given["say"]))[0],
        "contact": (await Agent(model, output_type=Contact).run(given["text"])).output.model_dump(),
        "after the tool": (await Agent(model, tools=[send_email]).run(given["send"])).output,
        "tool": sent[0],
        "stopped": await stopped(strict),
        "halted": halted,
        "halted by": [reason],
    }
    print(json.dumps(read))


asyncio.run(main())
