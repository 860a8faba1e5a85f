"""What OpenAI's API keeps, and gives out by its id: one table. Each row is a surface of policies with its paths and their methods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.wire.dialect import Dialect
from gateway.wire.openai.runs import Runs
from gateway.wire.surface import Surface
from policies.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class Resource:
    """``scopes``: the keys of a request whose texts are not the user's own; a message says by its role whose it is."""

    surface: str
    paths: Mapping[str, str]
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    made_by: type[Surface] = Surface


_ASSISTANT = {
    "instructions": Scope.SYSTEM,
    "additional_instructions": Scope.SYSTEM,
    "description": Scope.SYSTEM,
    "tools": Scope.TOOL_DEFINITIONS,
    "response_format": Scope.TOOL_DEFINITIONS,
    "tool_outputs": Scope.TOOL_RESULTS,
}

RESOURCES = (
    Resource("models", {"/v1/models": "GET", "/v1/models/{model}": "GET DELETE"}),
    Resource(
        "chat",
        {
            "/v1/chat/completions": "GET",
            "/v1/chat/completions/{completion_id}": "GET POST DELETE",
            "/v1/chat/completions/{completion_id}/messages": "GET",
        },
    ),
    Resource("files", {"/v1/files": "GET", "/v1/files/{file_id}": "GET DELETE"}),
    Resource("uploads", {"/v1/uploads": "POST", "/v1/uploads/{upload_id}/cancel": "POST", "/v1/uploads/{upload_id}/complete": "POST"}),
    Resource("batches", {"/v1/batches": "GET POST", "/v1/batches/{batch_id}": "GET", "/v1/batches/{batch_id}/cancel": "POST"}),
    Resource(
        "fine_tuning",
        {
            "/v1/fine_tuning/jobs": "GET POST",
            "/v1/fine_tuning/jobs/{job_id}": "GET",
            "/v1/fine_tuning/jobs/{job_id}/cancel": "POST",
            "/v1/fine_tuning/jobs/{job_id}/pause": "POST",
            "/v1/fine_tuning/jobs/{job_id}/resume": "POST",
            "/v1/fine_tuning/jobs/{job_id}/events": "GET",
            "/v1/fine_tuning/jobs/{job_id}/checkpoints": "GET",
            "/v1/fine_tuning/checkpoints/{checkpoint_id}/permissions": "GET POST",
            "/v1/fine_tuning/checkpoints/{checkpoint_id}/permissions/{permission_id}": "DELETE",
            "/v1/fine_tuning/alpha/graders/run": "POST",
            "/v1/fine_tuning/alpha/graders/validate": "POST",
        },
        {"model_sample": Scope.ASSISTANT},
    ),
    Resource(
        "vector_stores",
        {
            "/v1/vector_stores": "GET POST",
            "/v1/vector_stores/{vector_store_id}": "GET POST DELETE",
            "/v1/vector_stores/{vector_store_id}/search": "POST",
            "/v1/vector_stores/{vector_store_id}/files": "GET POST",
            "/v1/vector_stores/{vector_store_id}/files/{file_id}": "GET POST DELETE",
            "/v1/vector_stores/{vector_store_id}/files/{file_id}/content": "GET",
            "/v1/vector_stores/{vector_store_id}/file_batches": "POST",
            "/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}": "GET",
            "/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel": "POST",
            "/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/files": "GET",
        },
    ),
    Resource("assistants", {"/v1/assistants": "GET POST", "/v1/assistants/{assistant_id}": "GET POST DELETE"}, _ASSISTANT),
    Resource(
        "assistants",
        {
            "/v1/threads": "POST",
            "/v1/threads/{thread_id}": "GET POST DELETE",
            "/v1/threads/{thread_id}/messages": "GET POST",
            "/v1/threads/{thread_id}/messages/{message_id}": "GET POST DELETE",
            "/v1/threads/{thread_id}/runs/{run_id}": "GET POST",
            "/v1/threads/{thread_id}/runs/{run_id}/cancel": "POST",
            "/v1/threads/{thread_id}/runs/{run_id}/steps": "GET",
            "/v1/threads/{thread_id}/runs/{run_id}/steps/{step_id}": "GET",
        },
        _ASSISTANT,
    ),
    Resource(
        "assistants",
        {
            "/v1/threads/runs": "POST",
            "/v1/threads/{thread_id}/runs": "GET POST",
            "/v1/threads/{thread_id}/runs/{run_id}/submit_tool_outputs": "POST",
        },
        _ASSISTANT,
        Runs,
    ),
    Resource(
        "evals",
        {
            "/v1/evals": "GET POST",
            "/v1/evals/{eval_id}": "GET POST DELETE",
            "/v1/evals/{eval_id}/runs": "GET POST",
            "/v1/evals/{eval_id}/runs/{run_id}": "GET DELETE",
            "/v1/evals/{eval_id}/runs/{run_id}/cancel": "POST",
            "/v1/evals/{eval_id}/runs/{run_id}/output_items": "GET",
            "/v1/evals/{eval_id}/runs/{run_id}/output_items/{item_id}": "GET",
        },
        {"tools": Scope.TOOL_DEFINITIONS},
    ),
    Resource("containers", {"/v1/containers": "GET POST", "/v1/containers/{container_id}": "GET DELETE"}),
)


def stored_paths() -> Iterator[tuple[str, Mapping[str, Dialect]]]:
    """Each path with what reads it, by method."""
    for resource in RESOURCES:
        dialect = resource.made_by(resource.surface, resource.scopes)
        for pattern, methods in resource.paths.items():
            yield pattern, dict.fromkeys(methods.split(), dialect)
