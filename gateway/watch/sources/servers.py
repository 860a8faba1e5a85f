"""What inference servers call their measures, and what we call them: one table for each server.

A name is a family's as ``prometheus_client`` has it, a counter's without ``_total``. Where two names mean the same, as they do between
versions of a server, the first that a page has counts. Ollama shows no metrics of its own; an exporter before it is taken as ``any``.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Server = Literal["vllm", "tgi", "llamacpp", "any"]


class Meaning(NamedTuple):
    """``is_total``: of a histogram only its sum is meant, which counts something."""

    name: str
    is_total: bool = False


Names = Mapping[str, Meaning]

_VLLM: Names = {
    "vllm:num_requests_running": Meaning("requests_running"),
    "vllm:num_requests_waiting": Meaning("requests_waiting"),
    "vllm:num_preemptions": Meaning("preemptions"),
    "vllm:kv_cache_usage_perc": Meaning("cache_usage"),
    "vllm:gpu_cache_usage_perc": Meaning("cache_usage"),
    "vllm:time_to_first_token_seconds": Meaning("time_to_first_token"),
    "vllm:inter_token_latency_seconds": Meaning("time_per_token"),
    "vllm:time_per_output_token_seconds": Meaning("time_per_token"),
    "vllm:e2e_request_latency_seconds": Meaning("request_duration"),
    "vllm:request_queue_time_seconds": Meaning("queue_duration"),
    "vllm:request_success": Meaning("requests"),
    "vllm:prompt_tokens": Meaning("input_tokens"),
    "vllm:generation_tokens": Meaning("output_tokens"),
}
_TGI: Names = {
    "tgi_batch_current_size": Meaning("requests_running"),
    "tgi_queue_size": Meaning("requests_waiting"),
    "tgi_request_duration": Meaning("request_duration"),
    "tgi_request_queue_duration": Meaning("queue_duration"),
    "tgi_request_mean_time_per_token_duration": Meaning("time_per_token"),
    "tgi_request_success": Meaning("requests"),
    "tgi_request_failure": Meaning("requests_failed"),
    "tgi_request_input_length": Meaning("input_tokens", is_total=True),
    "tgi_request_generated_tokens": Meaning("output_tokens", is_total=True),
}
_LLAMACPP: Names = {
    "llamacpp:requests_processing": Meaning("requests_running"),
    "llamacpp:requests_deferred": Meaning("requests_waiting"),
    "llamacpp:kv_cache_usage_ratio": Meaning("cache_usage"),
    "llamacpp:prompt_tokens": Meaning("input_tokens"),
    "llamacpp:tokens_predicted": Meaning("output_tokens"),
    "llamacpp:prompt_tokens_seconds": Meaning("input_tokens_per_second"),
    "llamacpp:predicted_tokens_seconds": Meaning("output_tokens_per_second"),
}
SERVERS: Mapping[Server, Names | None] = {"vllm": _VLLM, "tgi": _TGI, "llamacpp": _LLAMACPP, "any": None}
"""None: everything is taken, under its own name."""
LABELS: Mapping[str, str] = {
    "model_name": "model", "model": "model", "engine": "engine", "finished_reason": "reason", "method": "method", "err": "reason",
}  # fmt: skip
"""Those of a known server's labels that are taken, and what we call them."""
