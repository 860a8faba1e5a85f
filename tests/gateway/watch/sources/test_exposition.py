"""Pages of metrics as inference servers write them, and as nobody should."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.observed import Buckets, Kind, Sample
from gateway.watch.sources import exposition
from gateway.watch.sources.exposition import Page, PageError, read
from gateway.watch.sources.servers import Server

NOW = 1_795_000_000.0

VLLM = """\
# HELP python_gc_objects_collected_total Objects collected during gc
# TYPE python_gc_objects_collected_total counter
python_gc_objects_collected_total{generation="0"} 9731.0
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 3.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 12.0
# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.4375
# HELP vllm:gpu_cache_usage_perc GPU KV-cache usage. 1 means 100 percent usage. DEPRECATED
# TYPE vllm:gpu_cache_usage_perc gauge
vllm:gpu_cache_usage_perc{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.4375
# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 83412.0
# HELP vllm:prompt_tokens_created Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_created gauge
vllm:prompt_tokens_created{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 1.795e+09
# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{engine="0",finished_reason="stop",model_name="meta-llama/Llama-3.1-8B-Instruct"} 411.0
vllm:request_success_total{engine="0",finished_reason="length",model_name="meta-llama/Llama-3.1-8B-Instruct"} 7.0
# HELP vllm:iteration_tokens_total Histogram of number of tokens per engine_step.
# TYPE vllm:iteration_tokens_total histogram
vllm:iteration_tokens_total_sum{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 99.0
# HELP vllm:time_to_first_token_seconds Histogram of time to first token in seconds.
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_sum{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 61.5
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.02",model_name="meta-llama/Llama-3.1-8B-Instruct"} 10.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 300.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="meta-llama/Llama-3.1-8B-Instruct"} 418.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 418.0
"""
TGI = """\
# TYPE tgi_request_count counter
tgi_request_count 100

# TYPE tgi_request_success counter
tgi_request_success{method="batch"} 98

# TYPE tgi_request_failure counter
tgi_request_failure{err="overloaded"} 2

# TYPE tgi_batch_current_size gauge
tgi_batch_current_size 4

# TYPE tgi_queue_size gauge
tgi_queue_size 1

# TYPE tgi_request_duration histogram
tgi_request_duration_bucket{le="0.5"} 40
tgi_request_duration_bucket{le="5"} 97
tgi_request_duration_bucket{le="+Inf"} 98
tgi_request_duration_sum 93.25
tgi_request_duration_count 98

# TYPE tgi_request_generated_tokens histogram
tgi_request_generated_tokens_bucket{le="100"} 50
tgi_request_generated_tokens_bucket{le="+Inf"} 98
tgi_request_generated_tokens_sum 15120
tgi_request_generated_tokens_count 98
"""
LLAMACPP = """\
# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 512
# HELP llamacpp:tokens_predicted_total Number of generation tokens processed.
# TYPE llamacpp:tokens_predicted_total counter
llamacpp:tokens_predicted_total 39080
# HELP llamacpp:n_decode_total Total number of llama_decode() calls
# TYPE llamacpp:n_decode_total counter
llamacpp:n_decode_total 39303
# HELP llamacpp:prompt_tokens_seconds Average prompt throughput in tokens/s.
# TYPE llamacpp:prompt_tokens_seconds gauge
llamacpp:prompt_tokens_seconds nan
# HELP llamacpp:predicted_tokens_seconds Average generation throughput in tokens/s.
# TYPE llamacpp:predicted_tokens_seconds gauge
llamacpp:predicted_tokens_seconds 31.63
# HELP llamacpp:kv_cache_usage_ratio KV-cache usage. 1 means 100 percent usage.
# TYPE llamacpp:kv_cache_usage_ratio gauge
llamacpp:kv_cache_usage_ratio 0.02
# HELP llamacpp:requests_processing Number of requests processing.
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 1
# HELP llamacpp:requests_deferred Number of requests deferred.
# TYPE llamacpp:requests_deferred gauge
llamacpp:requests_deferred 46
"""


def page(text: str, server: Server = "any", *, is_openmetrics: bool = False) -> Page:
    return read(text, is_openmetrics, server, "s", NOW)


def said(text: str, server: Server = "any", *, is_openmetrics: bool = False) -> dict[tuple[str, ...], tuple[str, float, Buckets | None]]:
    """By name and labels."""
    samples = page(text, server, is_openmetrics=is_openmetrics).samples
    return {(each.name, *(f"{key}={label}" for key, label in each.labels)): (each.kind.value, each.value, each.buckets) for each in samples}


def test_vllm():
    """What is asked for, by our names; of two names for one thing only the newer, and nothing else of the page."""
    who = ("engine=0", "model=meta-llama/Llama-3.1-8B-Instruct")
    assert said(VLLM, "vllm") == {
        ("requests_running", *who): ("gauge", 3, None),
        ("requests_waiting", *who): ("gauge", 12, None),
        ("cache_usage", *who): ("gauge", 0.4375, None),
        ("input_tokens", *who): ("counter", 83412, None),
        ("requests", "engine=0", "reason=stop", who[1]): ("counter", 411, None),
        ("requests", "engine=0", "reason=length", who[1]): ("counter", 7, None),
        ("time_to_first_token", *who): ("histogram", 61.5, Buckets(418, (0.02, 0.1), (10, 300))),
    }
    assert page(VLLM, "vllm").left_out == 0


@pytest.mark.parametrize("order", [1, -1])
def test_two_names_for_one_thing(order: int):
    """Whichever comes first on the page, the one counts that the table has first; alone, the other does."""
    lines = ["# TYPE vllm:kv_cache_usage_perc gauge\nvllm:kv_cache_usage_perc 0.5\n"]
    lines.append("# TYPE vllm:gpu_cache_usage_perc gauge\nvllm:gpu_cache_usage_perc 0.7\n")
    assert said("".join(lines[::order]), "vllm") == {("cache_usage",): ("gauge", 0.5, None)}
    assert said(lines[1], "vllm") == {("cache_usage",): ("gauge", 0.7, None)}


@pytest.mark.parametrize("text", [VLLM.replace("vllm:", "vllm_"), VLLM.replace("\nvllm:", "\nvllm_")])
def test_names_without_colons(text: str):
    """Some writers put another sign for the colon, in the samples alone or throughout: it is the same page."""
    assert said(text, "vllm") == said(VLLM, "vllm")


def test_tgi():
    """Its counters have no ending, and its tokens are the sum of a histogram."""
    assert said(TGI, "tgi") == {
        ("requests", "method=batch"): ("counter", 98, None),
        ("requests_failed", "reason=overloaded"): ("counter", 2, None),
        ("requests_running",): ("gauge", 4, None),
        ("requests_waiting",): ("gauge", 1, None),
        ("request_duration",): ("histogram", 93.25, Buckets(98, (0.5, 5.0), (40, 97))),
        ("output_tokens",): ("counter", 15120, None),
    }


def test_llamacpp():
    """What is not a number yet is not taken."""
    assert said(LLAMACPP, "llamacpp") == {
        ("input_tokens",): ("counter", 512, None),
        ("output_tokens",): ("counter", 39080, None),
        ("output_tokens_per_second",): ("gauge", 31.63, None),
        ("cache_usage",): ("gauge", 0.02, None),
        ("requests_running",): ("gauge", 1, None),
        ("requests_waiting",): ("gauge", 46, None),
    }
    assert page(LLAMACPP, "llamacpp").left_out == 1


def test_any():
    """All that is measured, by its own name: what has no type is a level, and what describes something is left out."""
    text = (
        "plain 1\n# TYPE a_summary summary\na_summary{quantile=\"0.5\"} 3\na_summary_sum 6\na_summary_count 2\n"
        "# TYPE c_total counter\nc_total{x=\"y\"} 3\n# TYPE g gauge\ng 2 1795000000000\n"
    )  # fmt: skip
    assert said(text) == {
        ("plain",): ("gauge", 1, None),
        ("a_summary",): ("histogram", 6, Buckets(2)),
        ("c", "x=y"): ("counter", 3, None),
        ("g",): ("gauge", 2, None),
    }
    assert {sample.ts for sample in page(text).samples} == {NOW}


def test_openmetrics():
    """Its counters, without what it says of when they began, of examples, of states and of versions."""
    text = (
        "# TYPE hits counter\nhits_total{path=\"a\"} 5.0 # {trace_id=\"abc\"} 1.0\nhits_created{path=\"a\"} 1.795e9\n"
        "# TYPE build info\nbuild_info{version=\"1\"} 1\n# TYPE mode stateset\nmode{mode=\"x\"} 1\n"
        "# TYPE took histogram\ntook_bucket{le=\"1.0\"} 2\ntook_bucket{le=\"+Inf\"} 3\ntook_count 3\ntook_sum 4.5\n# EOF\n"
    )  # fmt: skip
    found = page(text, is_openmetrics=True)
    assert [(each.name, each.kind, each.value) for each in found.samples] == [("hits", Kind.COUNTER, 5.0), ("took", Kind.HISTOGRAM, 4.5)]
    assert found.left_out == 2


def test_labels_that_are_no_words():
    """A value that could be prose is not repeated; series that are one then are added up, and of levels the first one counts."""
    text = (
        '# TYPE c_total counter\nc_total{who="jane doe"} 3\nc_total{who="john doe"} 4\nc_total{who="x"} 5\n'
        '# TYPE g gauge\ng{who="jane doe"} 1\ng{who="john doe"} 2\n'
        '# TYPE h histogram\nh_bucket{le="1",who="a b"} 1\nh_count{who="a b"} 2\nh_sum{who="a b"} 3\n'
        'h_bucket{le="1",who="c d"} 2\nh_count{who="c d"} 2\nh_sum{who="c d"} 3\n'
    )
    assert said(text) == {
        ("c", "who=other"): ("counter", 7, None),
        ("c", "who=x"): ("counter", 5, None),
        ("g", "who=other"): ("gauge", 1, None),
        ("h", "who=other"): ("histogram", 6, Buckets(4, (1.0,), (3,))),
    }
    assert page(text).left_out == 1
    assert "doe" not in str(page(text))


def test_labels_that_are_too_many_or_too_long():
    """No more than eight, and none longer than 64."""
    labels = ",".join(f'l{number}="{"v" * (65 if number == 0 else 64)}"' for number in range(12))
    ((_, *kept),) = said(f"# TYPE g gauge\ng{{{labels}}} 1\n")
    assert len(kept) == 8
    assert [label for label in kept if label.endswith("=other")] == ["l0=other"]


def test_histograms_with_different_bounds():
    """Added up, they are only known by their count and sum; so is one with more buckets than are kept."""
    text = '# TYPE h histogram\nh_bucket{le="1",w="a b"} 1\nh_count{w="a b"} 1\nh_sum{w="a b"} 1\n'
    text += 'h_bucket{le="2",w="c d"} 1\nh_count{w="c d"} 1\nh_sum{w="c d"} 2\n'
    assert said(text) == {("h", "w=other"): ("histogram", 3, Buckets(2))}
    many = "".join(f'h_bucket{{le="{number}"}} {number}\n' for number in range(65))
    assert said(f"# TYPE h histogram\n{many}h_count 99\nh_sum 7\n") == {("h",): ("histogram", 7, Buckets(99))}


def test_bounds(monkeypatch: pytest.MonkeyPatch):
    """Lines that are too long or too many are left out and counted; the others are read."""
    monkeypatch.setattr(exposition, "MAX_LINES", 3)
    found = page(f'a 1\nb{{x="{"y" * 3000}"}} 1\nc 1\nd 1\ne 1\nf 1\n')
    assert ([each.name for each in found.samples], found.left_out) == (["a", "c", "d"], 3)


@pytest.mark.parametrize(
    "text",
    [
        "# TYPE h histogram\nh_sum 3\n",
        "# TYPE h histogram\nh_count 3\n",
        f"{'n' * 129} 1\n",
        '{"a name"} 1\n',
    ],
)
def test_what_is_not_taken(text: str):
    """A distribution without its sum or its count, and what has no name that is a word, is left out: nothing stands for it."""
    assert page(text) == Page([], 1)


def test_a_count_by_its_last_bucket():
    """A histogram without a count has that of the bucket that has everything."""
    assert said('# TYPE h histogram\nh_bucket{le="+Inf"} 4\nh_sum 3\n') == {("h",): ("histogram", 3, Buckets(4))}


def test_a_total_that_is_missing():
    """Tokens that are the sum of a histogram are missing where that has none, and not 0."""
    assert page("# TYPE tgi_request_generated_tokens histogram\ntgi_request_generated_tokens_count 4\n", "tgi") == Page([], 1)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "9" * 1000, "1e999"])
def test_no_numbers(value: str):
    """A level that is no number is missing, and not nothing."""
    found = page(f"# TYPE g gauge\ng {value}\n")
    assert (found.samples, found.left_out) == ([], 1)


@pytest.mark.parametrize(
    ("text", "is_openmetrics"),
    [
        ("", True),
        ("<html><body>404</body></html>", False), ("a 1 2 3 x\nb b\n", False), ('a{b="c} 1\n', False), ("a{b=c} 1\n", False),
        ('a{b="c"', False), ("# TYPE a\n", False), ("a_1\n", False), ("a 1\n", True),
        ("# TYPE a gauge\na 1\n# TYPE a gauge\n# EOF\n", True),
    ],
)  # fmt: skip
def test_no_page(text: str, is_openmetrics: bool):
    """Of a page that is broken nothing is taken, and nothing of it repeated."""
    with pytest.raises(PageError) as error:
        page(text, is_openmetrics=is_openmetrics)
    assert str(error.value) == "it is no page of metrics"
    assert error.value.__suppress_context__


def test_an_empty_page():
    """Says nothing, and is none the worse."""
    assert page("") == Page([], 0)


pieces = st.sampled_from(
    ["a", "vllm:num_requests_running", "# TYPE ", "# HELP ", "# EOF", " gauge", " counter", " histogram", "_bucket", "_total", "_sum",
     "{", "}", 'le="1"', 'le="+Inf"', 'x="y"', ",", '"', "\\", "=", " 1", " NaN", " -1", "\n", "\n", " ", "#", "é", "\x00", "\t"]
)  # fmt: skip


@given(st.lists(pieces, max_size=60).map("".join), st.sampled_from(["vllm", "any"]), st.booleans())
def test_whatever_comes(text: str, server: Server, is_openmetrics: bool):
    """It is samples or no page, and nothing else is raised."""
    with suppress(PageError):
        assert all(isinstance(each, Sample) for each in page(text, server, is_openmetrics=is_openmetrics).samples)
