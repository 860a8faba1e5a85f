import pytest

from gateway.demo.azure import canonical
from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Ask

VERSION = {"api-version": "2024-10-21"}


@pytest.mark.parametrize(
    ("path", "same", "azure"),
    [
        ("/v1/chat/completions", "/v1/chat/completions", False),
        ("/anthropic/v1/messages", "/v1/messages", False),
        ("/openai/deployments/d/chat/completions", "/v1/chat/completions", True),
        ("/openai/deployments/d/audio/speech", "/v1/audio/speech", True),
        ("/openai/v1/responses", "/v1/responses", True),
        ("/openai/files/file-1/content", "/v1/files/file-1/content", True),
        ("/openai", "/openai", False),
        ("/openai/v1", "/openai/v1", False),
        ("/openai/v1/", "/openai/v1/", False),
    ],
)
def test_paths(path: str, same: str, azure: bool):
    """Each leads to the surface that it names."""
    asked = canonical(Ask("POST", path, query=VERSION))
    assert (asked.path, asked.azure) == (same, azure)


def test_deployments():
    """A deployment is the model, where the body names none; and its path needs a version."""
    path = "/openai/deployments/mine/embeddings"
    assert canonical(Ask("POST", path, body={"input": "x"}, query=VERSION)).body == {"model": "mine", "input": "x"}
    assert canonical(Ask("POST", path, body={"model": None}, query=VERSION)).body == {"model": "mine"}
    assert canonical(Ask("POST", path, body={"model": "other"}, query=VERSION)).body == {"model": "other"}
    assert canonical(Ask("POST", path, body=[1], query=VERSION)).body == [1]
    with pytest.raises(RefusedRequestError) as refused:
        canonical(Ask("POST", path))
    assert refused.value.status == 404
