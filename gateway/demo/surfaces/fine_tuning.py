"""``/v1/fine_tuning/jobs``: nothing is trained, and every job succeeds."""

from typing import Any

from gateway.demo.exchange import Answer, Ask, needed_text
from gateway.demo.paging import page
from gateway.demo.state import Route, State

Json = dict[str, Any]


def create(ask: Ask, state: State) -> Answer:
    body = ask.json()
    model, training_file = needed_text(body, "model"), needed_text(body, "training_file")
    state.shelf("file").get(training_file)
    job_id = state.new_id("ftjob-")
    job: Json = {
        "id": job_id, "object": "fine_tuning.job", "created_at": state.now, "finished_at": state.now, "error": None, "model": model,
        "fine_tuned_model": f"ft:{model}:demo::{job_id[-8:]}", "status": "succeeded", "organization_id": "org-demo", "result_files": [],
        "training_file": training_file, "validation_file": body.get("validation_file"), "trained_tokens": 0, "seed": body.get("seed") or 0,
        "hyperparameters": body.get("hyperparameters") or {"n_epochs": "auto"}, "metadata": body.get("metadata"), "integrations": [],
    }  # fmt: skip
    state.shelf("fine-tuning job").put(job_id, job)
    return Answer(job)


def show(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("fine-tuning job").get(ask.named["id"]))


def list_jobs(ask: Ask, state: State) -> Answer:
    return Answer(page(state.shelf("fine-tuning job"), ask.query))


def cancel(ask: Ask, state: State) -> Answer:
    job = state.shelf("fine-tuning job").get(ask.named["id"]) | {"status": "cancelled", "fine_tuned_model": None}
    state.shelf("fine-tuning job").put(job["id"], job)
    return Answer(job)


def list_events(ask: Ask, state: State) -> Answer:
    job = state.shelf("fine-tuning job").get(ask.named["id"])
    event = {
        "id": f"ftevent-{job['id'].removeprefix('ftjob-')}", "object": "fine_tuning.job.event", "created_at": job["created_at"],
        "level": "info", "message": "The job has succeeded.", "type": "message", "data": {},
    }  # fmt: skip
    return Answer(page([event], ask.query))


def list_checkpoints(ask: Ask, state: State) -> Answer:
    state.shelf("fine-tuning job").get(ask.named["id"])
    return Answer(page([], ask.query))


ROUTES = (
    Route("POST", "/v1/fine_tuning/jobs", create),
    Route("GET", "/v1/fine_tuning/jobs", list_jobs),
    Route("GET", "/v1/fine_tuning/jobs/{id}", show),
    Route("POST", "/v1/fine_tuning/jobs/{id}/cancel", cancel),
    Route("GET", "/v1/fine_tuning/jobs/{id}/events", list_events),
    Route("GET", "/v1/fine_tuning/jobs/{id}/checkpoints", list_checkpoints),
)
