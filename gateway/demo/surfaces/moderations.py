"""``POST /v1/moderations``: a few words that stand for the categories."""

import re
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, missing
from gateway.demo.state import Route, State, digest

Json = dict[str, Any]

_WORDS = {
    "harassment": r"idiot|stupid",
    "harassment/threatening": r"get you",
    "hate": r"despise them",
    "hate/threatening": r"wipe them out",
    "illicit": r"shoplift|forge",
    "illicit/violent": r"bomb",
    "self-harm": r"hurt myself",
    "self-harm/intent": r"hurt myself",
    "self-harm/instructions": r"how to hurt myself",
    "sexual": r"porn",
    "sexual/minors": r"(?!)",
    "violence": r"kill|stab",
    "violence/graphic": r"blood",
}


def moderate(ask: Ask, _: State) -> Answer:
    body = ask.json()
    texts = _texts(body.get("input"))
    model = body.get("model") or "omni-moderation-latest"
    return Answer({"id": f"modr-{digest(ask.raw)}", "model": model, "results": [judge(text) for text in texts]})


def _texts(given: object) -> list[str]:
    """One text a result: parts of text and images are judged together."""
    match given:
        case None:
            raise missing("input")
        case str():
            return [given]
        case list() if given and all(isinstance(each, str) for each in given):
            return given
        case list() if given and all(isinstance(each, dict) for each in given):
            return [" ".join(str(each.get("text", "")) for each in given)]
    raise RefusedRequestError("Invalid type for 'input'.", param="input", code="invalid_type")


def judge(text: str) -> Json:
    categories = {name: bool(re.search(rf"\b(?:{words})", text, re.IGNORECASE)) for name, words in _WORDS.items()}
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": {name: 0.98 if is_met else 0.0001 for name, is_met in categories.items()},
        "category_applied_input_types": {name: ["text"] for name in categories},
    }


ROUTES = (Route("POST", "/v1/moderations", moderate),)
