"""The table of what OpenAI's API keeps, against the SDK that calls it."""

import ast
import re
from pathlib import Path

import openai
import pytest

from gateway.wire.openai.stored import RESOURCES, stored_paths
from gateway.wire.surface import Surface

FAMILIES = (
    "models", "batches", "fine_tuning", "vector_stores", "assistants", "threads", "evals", "files", "uploads", "containers",
    "chat/completions",
)  # fmt: skip
ELSEWHERE = {
    ("POST", "/v1/chat/completions"),  # the dialect of chat
    ("POST", "/v1/files"),
    ("POST", "/v1/uploads/{}/parts"),
    ("GET", "/v1/files/{}/content"),
    ("POST", "/v1/containers/{}/files"),
    ("GET", "/v1/containers/{}/files"),
    ("GET", "/v1/containers/{}/files/{}"),
    ("DELETE", "/v1/containers/{}/files/{}"),
    ("GET", "/v1/containers/{}/files/{}/content"),
}
"""Uploads and files' contents are no JSON; what a container's files are is not served."""


def _calls() -> set[tuple[str, str]]:
    """Every path that the SDK's resources name, with its method."""
    found = set()
    for path in (Path(openai.__file__).parent / "resources").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and re.fullmatch(r"_(get|post|delete|get_api_list)", node.func.attr)
            ):
                method = next((key.value.value for key in node.keywords if key.arg == "method"), node.func.attr.split("_")[1])
                first = node.args[0].args[0] if isinstance(node.args[0], ast.Call) else node.args[0]
                assert isinstance(first, ast.Constant), ast.unparse(node)
                found.add((method.upper(), "/v1" + re.sub(r"\{\w+\}", "{}", first.value)))
    return found


def test_every_call_of_the_sdk():
    """No method of the SDK's resources is forgotten."""
    served = {(method, re.sub(r"\{\w+\}", "{}", pattern)) for pattern, dialects in stored_paths() for method in dialects}
    asked = {(method, path) for method, path in _calls() if path.removeprefix("/v1/").startswith(FAMILIES)}
    assert len(asked) > 70
    assert asked - served - ELSEWHERE == set()
    assert served - asked == set()


def test_surfaces():
    """Each row is a surface by which a policy can name it."""
    assert {resource.surface for resource in RESOURCES} == {
        "models", "chat", "files", "uploads", "batches", "fine_tuning", "vector_stores", "assistants", "evals", "containers",
    }  # fmt: skip


def test_runs_are_streamed():
    """Where a run begins or goes on, its answer may be a stream; nowhere else."""
    streamed = {pattern for pattern, dialects in stored_paths() if type(next(iter(dialects.values()))) is not Surface}
    assert streamed == {"/v1/threads/runs", "/v1/threads/{thread_id}/runs", "/v1/threads/{thread_id}/runs/{run_id}/submit_tool_outputs"}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: next(iter(resource.paths)))
def test_a_row(resource):
    """Its paths are OpenAI's own, its methods those that the SDK has."""
    for pattern, methods in resource.paths.items():
        assert pattern.startswith("/v1/")
        assert set(methods.split()) <= {"GET", "POST", "DELETE"}
