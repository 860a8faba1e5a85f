"""Who answers at an upstream and to what, by the names that the GenAI conventions have for providers and operations."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

_HOSTS = {
    "openai": r"(?:[a-z]+\.)?api\.openai\.com",
    "anthropic": r"api\.anthropic\.com",
    "azure.ai.openai": r".+\.openai\.azure\.com",
    "azure.ai.inference": r".+\.(?:services|inference)\.ai\.azure\.com",
    "aws.bedrock": r"bedrock[a-z-]*\..+\.amazonaws\.com",
    "gcp.vertex_ai": r"(?:[a-z0-9-]+-)?aiplatform\.googleapis\.com",
    "gcp.gemini": r"generativelanguage\.googleapis\.com",
    "cohere": r"api\.cohere\.(?:ai|com)",
    "deepseek": r"api\.deepseek\.com",
    "groq": r"api\.groq\.com",
    "mistral_ai": r"api\.mistral\.ai",
    "perplexity": r"api\.perplexity\.ai",
    "x_ai": r"api\.x\.ai",
}
_BY_DIALECT = {"openai": "openai", "anthropic": "anthropic", "azure": "azure.ai.openai"}


OPERATIONS = {
    "chat": "chat", "messages": "chat", "responses": "chat", "completions": "text_completion", "embeddings": "embeddings",
}  # fmt: skip
"""What a surface is in the conventions. Of any other, they have no name."""


class Endpoint(NamedTuple):
    """``provider`` is empty where neither its address nor its API tells."""

    host: str
    port: int
    provider: str


NOBODY = Endpoint("", 0, "")


def provider_of(endpoint: Endpoint, surface: str) -> str:
    """An endpoint that is like one provider's is taken for it."""
    return endpoint.provider or ("anthropic" if surface == "messages" else "openai")


def endpoint(base_url: str, dialect: str) -> Endpoint:
    """An upstream as the settings have it."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    provider = next((name for name, form in _HOSTS.items() if re.fullmatch(form, host)), _BY_DIALECT.get(dialect, ""))
    return Endpoint(host, parts.port or (443 if parts.scheme == "https" else 80), provider)
