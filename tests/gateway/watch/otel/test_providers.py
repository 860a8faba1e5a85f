"""Who answers at an upstream."""

import opentelemetry.semconv._incubating.attributes.gen_ai_attributes as gen_ai
import pytest

from gateway.watch.otel.providers import endpoint


@pytest.mark.parametrize(
    ("url", "dialect", "expected"),
    [
        ("https://api.openai.com", "openai", ("api.openai.com", 443, "openai")),
        ("https://eu.api.openai.com", "any", ("eu.api.openai.com", 443, "openai")),
        ("https://api.anthropic.com", "anthropic", ("api.anthropic.com", 443, "anthropic")),
        ("https://me.openai.azure.com/x", "azure", ("me.openai.azure.com", 443, "azure.ai.openai")),
        ("https://me.services.ai.azure.com", "openai", ("me.services.ai.azure.com", 443, "azure.ai.inference")),
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "any", ("bedrock-runtime.us-east-1.amazonaws.com", 443, "aws.bedrock")),
        ("https://my-lb.elb.amazonaws.com", "any", ("my-lb.elb.amazonaws.com", 443, "")),
        ("https://us-central1-aiplatform.googleapis.com", "any", ("us-central1-aiplatform.googleapis.com", 443, "gcp.vertex_ai")),
        ("https://generativelanguage.googleapis.com/openai", "openai", ("generativelanguage.googleapis.com", 443, "gcp.gemini")),
        ("https://api.groq.com/openai", "openai", ("api.groq.com", 443, "groq")),
        ("http://api.openai.com.example.org:9000", "any", ("api.openai.com.example.org", 9000, "")),
        ("http://10.0.0.1:8000", "openai", ("10.0.0.1", 8000, "openai")),
        ("http://vllm", "any", ("vllm", 80, "")),
    ],
)
def test_endpoints(url: str, dialect: str, expected: tuple[str, int, str]):
    """The address says who it is, else the API that it speaks."""
    assert endpoint(url, dialect) == expected
    assert not expected[2] or expected[2] in {each.value for each in gen_ai.GenAiProviderNameValues}
