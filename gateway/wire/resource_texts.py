"""The texts of JSON that an API keeps and hands out (files, batches, threads, …), found by its keys, at whatever depth.

What stands at a key that is not known here is text. Ids and enumerated values at known keys are left out, if they have no room for
prose; below keys that hold data of the client's own, nothing is.
"""

from collections.abc import Iterator, Mapping

from gateway.errors import BadRequest
from gateway.wire.answer_texts import Found as AnswerFound
from gateway.wire.answer_texts import is_log_probability, read_whole
from gateway.wire.media import is_data, medium_of, readable
from gateway.wire.model import Delta, Form, Json, Kind, Place, Segment, Uninspectable
from gateway.wire.request_texts import Found, Turns, is_own_number, read_arguments, read_key, read_texts, refuse
from gateway.wire.walk import MAX_DEPTH, dotted, is_name, is_structural, names, number_text
from policies.vocabulary import Scope

_IDS = frozenset({
    "assistant_id", "batch_id", "call_id", "checkpoint_id", "completion_id", "container_id", "conversation_id", "error_file_id", "eval_id",
    "file_id", "file_ids", "fine_tuned_model", "fine_tuned_model_checkpoint", "fine_tuning_job_id", "first_id", "id", "input_file_id",
    "item_id", "last_id", "md5", "message_id", "model", "organization_id", "output_file_id", "part_ids", "permission_id", "project_id",
    "project_ids", "request_id", "response_id", "result_files", "run_id", "step_id", "system_fingerprint", "thread_id", "tool_call_id",
    "training_file", "upload_id", "validation_file", "vector_store_id", "vector_store_ids",
})  # fmt: skip
"""Keys of ids, of which the API gives out most itself."""

_WORDS = frozenset({
    "anchor", "background", "code", "completion_window", "detail", "effort", "encoding_format", "endpoint", "event", "finish_reason",
    "format", "level", "method", "mime_type", "object", "operation", "output_format", "purpose", "quality", "ranker", "reason",
    "reasoning_effort", "response_format", "role", "service_tier", "size", "status", "style", "tool_choice", "type", "verbosity",
})  # fmt: skip
"""Keys whose value is one of a few words."""

_OWN = frozenset({"metadata", "attributes", "parameters", "schema", "item", "sample", "datasource_item"})
_SCOPES = {
    "system": Scope.SYSTEM, "developer": Scope.SYSTEM, "user": Scope.USER, "assistant": Scope.ASSISTANT, "tool": Scope.TOOL_RESULTS,
}  # fmt: skip
_SAID = frozenset({"content", "text", "value", "refusal"})
"""Keys of what a message says, and of what its parts say."""
_ROLES = {
    Scope.SYSTEM: "system", Scope.USER: "user", Scope.ASSISTANT: "assistant", Scope.REASONING: "assistant",
    Scope.TOOL_ARGUMENTS: "assistant", Scope.TOOL_RESULTS: "tool", Scope.TOOL_DEFINITIONS: "tool",
}  # fmt: skip


def role_of(scope: Scope) -> str:
    """Who speaks in a scope of a request."""
    return _ROLES[scope]


def read_resource(
    value: Json, place: Place, scope: Scope, scopes: Mapping[str, Scope], depth: int = 0, *, in_medium: bool = False, joins: Place = ()
) -> Found:
    """Every text of a request below ``place``. ``scopes``: the keys that say what stands below them; a message says it by its role.
    ``joins``: where the turn begins that these texts are said in.
    """
    if isinstance(value, dict):
        _check_depth(depth, place)
        if isinstance(role := value.get("role"), str):
            scope, joins = _SCOPES.get(role, scope), joins or (*place, "role")
        if kind := medium_of(value):
            in_medium, joins = True, ()
            yield Uninspectable(kind, place, scope)
        for key, item in value.items():
            here = (*place, key)
            yield from read_key(key, place, role_of(scope), scope)
            if _is_known(key, item):
                continue
            if in_medium and is_data(key, item):
                if read := readable(item):
                    yield Segment(read.text, role_of(scope), scope, here, read.form, read.leaf)
            elif key in _OWN:
                yield from read_texts(item, here, role_of(scope), scope)
            elif key == "arguments" and isinstance(item, str):
                yield from read_arguments(item, here)
            elif key in scopes:
                yield from read_resource(item, here, scopes[key], {}, depth + 1)
            else:
                said = joins if key in _SAID else ()
                yield from read_resource(item, here, scope, scopes, depth + 1, in_medium=in_medium, joins=said)
    elif isinstance(value, list):
        _check_depth(depth, place)
        turns = Turns()
        for index, item in enumerate(value):
            here = (*place, index)
            role = item.get("role") if isinstance(item, dict) else None
            whose = _SCOPES.get(role, scope) if isinstance(role, str) else scope
            turn = turns.of(whose, here) if isinstance(role, str) else joins
            for found in read_resource(item, here, scope, scopes, depth + 1, in_medium=in_medium, joins=turn):
                if isinstance(found, Segment) and (found.joins or found.scope is Scope.TOOL_ARGUMENTS):
                    turns.said(whose, turn)
                yield found
    elif isinstance(value, str):
        if value:
            yield Segment(value, role_of(scope), scope, place, joins=joins)
    elif text := number_text(value):
        yield Segment(text, role_of(scope), scope, place)


def read_inputs(value: Json, place: Place) -> Found:
    """A text, a list of texts that have nothing to do with each other, or the parts of one; texts may be given as token numbers."""
    items = value if isinstance(value, list) else [value]
    if items and _are_tokens(items):
        yield Uninspectable(Kind.TOKENS, place)
        return
    for index, item in enumerate(items):
        here = (*place, index) if isinstance(value, list) else place
        if isinstance(item, list) and item and _are_tokens(item):
            yield Uninspectable(Kind.TOKENS, here)
        elif isinstance(item, (int, float)):
            refuse(here, "must be a text, or an array of token numbers")
        else:
            yield from read_resource(item, here, Scope.USER, {}, joins=place if isinstance(item, dict) else ())


def read_kept(value: Json, place: Place, depth: int = 0, *, in_medium: bool = False, spelled: bool = False) -> AnswerFound:
    """Every text of an answer below ``place``; each is complete where it stands. ``spelled``: log probabilities are left to
    ``log_probabilities``; else they are token by token what no rule could read.
    """
    if isinstance(value, dict):
        _check_depth(depth, place)
        if not all(map(is_structural, value)):  # a key that is prose is text that nothing could rewrite
            yield Uninspectable(Kind.UNKNOWN, place)
        if kind := medium_of(value):
            in_medium = True
            yield Uninspectable(kind, place)
        for key, item in value.items():
            here = (*place, key)
            if _is_known(key, item) or (in_medium and is_data(key, item) and not readable(item)):
                continue
            if is_log_probability(key, item):
                if not spelled and any(item.values()):
                    yield Uninspectable(Kind.TOKENS, here)
            elif key in _OWN:
                yield from read_whole(item, ("body", *here), here, Scope.OUTPUT)
            elif key == "arguments" and isinstance(item, str) and item:
                yield Delta(("body", *here), Scope.TOOL_ARGUMENTS, item, here, Form.JSON, closes=True)
            else:
                yield from read_kept(item, here, depth + 1, in_medium=in_medium, spelled=spelled)
    elif isinstance(value, list):
        _check_depth(depth, place)
        for index, item in enumerate(value):
            yield from read_kept(item, (*place, index), depth + 1, in_medium=in_medium, spelled=spelled)
    elif isinstance(value, str) and value:
        yield Delta(("body", *place), Scope.OUTPUT, value, place, closes=True)


def log_probabilities(value: Json, place: Place = ()) -> Iterator[Place]:
    """Where an answer spells its texts token by token."""
    if isinstance(value, dict):
        for key, item in value.items():
            if is_log_probability(key, item):
                yield (*place, key)
            elif isinstance(item, (dict, list)):
                yield from log_probabilities(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, (dict, list)):
                yield from log_probabilities(item, (*place, index))


def ids_of(body: Json) -> Iterator[str]:
    """The ids, other than models', that stand at the top of a body."""
    for key, value in body.items() if isinstance(body, dict) else ():
        if key in _IDS and key not in ("model", "md5"):
            yield from names(value if isinstance(value, list) else [value])


def _is_known(key: str, value: Json) -> bool:
    """Whether a value is of no interest by its key and its shape."""
    if key in _IDS:
        if isinstance(value, list):
            return all(isinstance(each, str) and is_structural(each) for each in value)
        return isinstance(value, str) and is_structural(value)
    if isinstance(value, str):
        return key in _WORDS and is_name(value)
    return is_own_number(key, value)


def _are_tokens(items: list[Json]) -> bool:
    """Numbers, of which none could be somebody's."""
    return set(map(type, items)) <= {int, float} and not any(map(number_text, (min(items), max(items))))


def _check_depth(depth: int, place: Place) -> None:
    if depth > MAX_DEPTH:
        raise BadRequest("too_deep", "The body is nested too deeply.", dotted(place))
