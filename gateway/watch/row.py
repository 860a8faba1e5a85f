"""A record of the journal as a row of the store: the columns that are asked about, and the record itself."""

import math
import struct
import sys
import threading
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from policies.labels import is_event, is_of_answer, is_of_no_exchange

VERSION = 1
"""Of records that are understood. Of a newer one, the columns that are there are taken, and the record is kept as it is."""
_MAX_LABEL = 128
_ANSWER = "answer"
_MAX_RULES = 64
_MAX_STATUS, _MAX_TOKENS = 2**31, 2**63
_MAX_RECORD = 64 << 20
"""Of a record, unpacked."""

Record = Mapping[str, Any]


class Row(NamedTuple):
    """An exchange. Times are seconds since 1970; ``record`` is packed (``unpack``), with its texts where they are kept (``apart``)."""

    request_id: str
    ts: float
    app: str
    surface: str
    model: str
    policy: str
    decision: str
    outcome: str
    status: int
    upstream: str
    rules: str
    """Those that fired, each between commas: ``,pii,secrets,``."""
    total_ms: float
    overhead_ms: float
    input_tokens: int
    output_tokens: int
    record: bytes
    cost_usd: float | None = None
    """None: not known."""


class Label(NamedTuple):
    """What somebody said of an exchange later: of one, by one rule, the last word counts."""

    request_id: str
    app: str
    kind: str
    rule: str
    """Which one it is about; of an app's word on an answer as such: ``answer``."""
    ts: float
    label: str
    score: float | None


Said = Record | Label | None
"""What a line says: an exchange, what somebody said of one, or nothing of any."""


class UnreadableError(Exception):
    """A line that is no record. It has no text of it."""


def parse(line: bytes) -> Row | Label | None:
    """None for what the journal says of itself, and of measures. Raises ``UnreadableError``."""
    return as_row(parse_said(line))


def as_row(said: Said) -> Row | Label | None:
    """Raises ``UnreadableError``."""
    return said if said is None or isinstance(said, Label) else read(said)


def as_record(said: Said) -> Record | None:
    return None if isinstance(said, Label) else said


def parse_said(line: bytes) -> Said:
    """An exchange as it was written, or what somebody said of one. Raises ``UnreadableError``."""
    record = _loaded(line)
    if record is None or not is_event(record):
        return record
    said = read(record)
    return said if isinstance(said, Label) else None


def _loaded(line: bytes) -> Record | None:
    try:
        record = orjson.loads(line)
        if is_of_no_exchange(record):
            return None
        record.pop("chain", None)  # says where the line stands in the journal, and nothing of the exchange
    except (ValueError, TypeError, AttributeError) as error:
        raise UnreadableError(type(error).__name__) from None
    said: Record = record
    return said


def read(record: Record) -> Row | Label:
    """Raises ``UnreadableError``."""
    try:
        return _label(record) if is_event(record) else _row(record)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise UnreadableError(type(error).__name__) from None


def event_of(label: Label) -> Record:
    """The record that ``read`` makes the label of."""
    return {"v": VERSION, **label._asdict()}


def is_newer(record: Record) -> bool:
    """Whether a later version of the gateway wrote it."""
    version = record.get("v")
    return isinstance(version, int) and version > VERSION


def _row(record: Record) -> Row:
    timings, tokens = record.get("timings_ms") or {}, record.get("tokens") or {}
    return Row(
        request_id=_text(record["request_id"]),
        ts=_number(record["ts"]),
        app=_text(record.get("app")),
        surface=_text(record.get("surface")),
        model=_text(record.get("model")),
        policy=_text(record.get("policy")),
        decision=_text(record["decision"]),
        outcome=_text(record.get("outcome")),
        status=_whole(record.get("status"), _MAX_STATUS),
        upstream=_text(record.get("upstream")),
        rules="".join([f",{_text(rule)}" for rule in (record.get("rules") or ())[:_MAX_RULES]]) + ",",
        total_ms=_number(timings.get("total") or 0),
        overhead_ms=_number(timings.get("overhead") or 0),
        input_tokens=_whole(tokens.get("input"), _MAX_TOKENS),
        output_tokens=_whole(tokens.get("output"), _MAX_TOKENS),
        record=pack(record),
        cost_usd=None if (cost := record.get("cost_usd")) is None else _number(cost),
    )


def _label(record: Record) -> Label:
    score = record.get("score")
    return Label(
        request_id=_text(record["request_id"]),
        app=_text(record.get("app")),
        kind=_text(record["kind"]),
        rule=_ANSWER if is_of_answer(record) else _text(record.get("rule")),
        ts=_number(record["ts"]),
        label=_text(record["label"]),
        score=None if score is None else _number(score),
    )


def _number(value: str | float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def _whole(value: str | float | None, end: int) -> int:
    number = int(value or 0)
    if not 0 <= number < end:  # which no column takes
        raise ValueError("out of range")
    return number


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value[:_MAX_LABEL].replace("\0", "")  # which no database takes in a text


# What most records share; what is packed with it is only read with it, and so it never changes. Another one would need another first byte.
_SHARED = (
    b'"sealed_texts":"","why_not":"no rule of the policy has this scope","texts":{"input":[{"place":"messages.0.content","scope":"","t'
    b'ext":""}],"output":[]},"rows":{"read":0}"signals":{"stale":true},"asked":{"messages":1,"kinds":["text"],"tools":[]},"scores":{"d'
    b'omain":{"score":0.,"by":""}},"user":"","session":"","group":"","measures":[]"uncertainty":[{"choice":0,"mean":-0.,"tail":-0.,"en'
    b'tropy":null,"tokens":1}],"consistency":{"agreement":0.,"asked":3,"answered":3},"cached":0,"cache_write":0"error":"connect_failed'
    b'","timeout","upstream_unreachable","upstream_reset","upstream_timeout","client_disconnected","content_filter","blocked","status"'
    b':400,403,429,502,503"surface":"embeddings","responses","messages","completions","otlp","route":"/v1/responses","/v1/messages","/'
    b'v1/embeddings","/v1/logs","model":"claude-sonnet-4","text-embedding-3-small""uninspectable":[{"place":"","kind":"image","action"'
    b':"flag","why":"unknown"}],"kind":"pii.PERSON","pii.CREDIT_CARD","secrets.","shadow":true,"why":"timeout","scope":"tool_arguments'
    b'","tool_results","reasoning","assistant","tools":[""],"script":"cyrillic","language":"de","mentions":{"gender":"female"},"finish'
    b'":["tool_calls"],["length"],["end_turn"],["refusal"],"pause":"stream":true,"unguarded":false,"policy":"default@","decision":"blo'
    b'ck","redact","outcome":"completed","status":200,"upstream":"openai","rules":["pii","secrets","injection","toxicity"],"would":[],'
    b'"findings":[{"rule":"pii","kind":"pii.EMAIL_ADDRESS","place":"messages.1.content","scope":"user","start":87,"end":107,"score":1.'
    b'0,"action":"tokenize","shadow":false,"why":"match","fingerprint":"1a2ea9b2843ebbde"},{"rule":"pii","kind":"pii.PHONE_NUMBER","pl'
    b'ace":"messages.1.content","scope":"user","start":114,"end":126,"score":0.75,"action":"tokenize","shadow":false,"why":"match","fi'
    b'ngerprint":"c118c8db834217be"}],"findings_total":2,"stages":[{"stage":"input","at":0.41,"ms":10.69,"busy":10.69,"action":"tokeni'
    b'ze","findings":2},{"stage":"output","at":782.531,"ms":215.353,"busy":1.94,"action":"allow","findings":0}],{"v":1,"ts":179,"reque'
    b'st_id":"req_","trace":{"id":"","span":"","parent":"","flags":1},"method":"POST","route":"/v1/chat/completions","app":"","surface'
    b'":"chat","model":"gpt-4o-mini","user":"","stream":false,"unguarded":false,"policy":"default@","decision":"allow","outcome":"comp'
    b'leted","status":200,"upstream":"","rules":[],"would":[],"findings":[],"findings_total":0,"coverage":{"request":[{"scope":"system'
    b'","inspected_by":["pii","secrets"],"texts":1,"chars":102,"places":["messages.0.content"]},{"scope":"user","inspected_by":["pii",'
    b'"secrets","injection"],"texts":1,"chars":127,"places":["messages.1.content"]}],"response":[{"scope":"output","inspected_by":["pi'
    b'i","secrets"],"texts":1,"chars":230,"places":["0.content"]}]},"uninspectable":[],"tokens":{"input":77,"output":60},"cost_usd":0.'
    b'0007925,"bytes":{"request":389,"response":1516},"released_chars":230,"answer":{"model":"gpt-4o-mini","finish":["stop"]},"observe'
    b'd":{"input":{"chars":127,"bucket":66,"unknown":0.0,"script":"latin","language":"en"},"template":"","output":{"bucket":91,"unknow'
    b'n":0.07,"script":"latin","language":"en","refusal":false}},"stages":[{"stage":"input","at":0.41,"ms":0.69,"busy":0.69,"action":"'
    b'allow","findings":0},{"stage":"stream","at":782.531,"ms":215.353,"busy":1.94,"action":"allow","findings":0}],"attempts":[{"span"'
    b':"","upstream":"","at":17.637,"ms":979.949,"first":764.889,"pause":98.147,"status":200,"error":null}],"timings_ms":{"total":997.'
    b'908,"overhead":19.656,"guards":12.63,"upstream":977.792,"first_byte":783.159}}'
)
_SHARED_BEFORE = (
    b'"why_not":"no rule of the policy has this scope""texts":1,"chars":,"places":["messages.0.content"],"kind":"pii.EMAIL_ADDRESS"'
    b'"action":"tokenize","shadow":false,"why":"match","fingerprint":"{"rule":"secrets","pii","place":"messages.","scope":"tool_results'
    b'tool_argumentsassistantsystem"start":,"end":,"score":"uninspectable":[],"uncertainty":"scores":{"user":"","session":"","group":""'
    b'"surface":"messages","responses","embeddings","stream":true,"unguarded":false,"policy":"default@","decision":"redact","block"'
    b'"stages":[{"stage":"stream","output","at":0.0,"ms":0.0,"busy":0.0,"action":"allow","findings":0},"attempts":[{"span":"","upstream":"'
    b'"at":0.0,"ms":1,"first":1,"status":200,"error":null}]}],"trace":{"id":"","span":"","parent":"","flags":1},"method":"POST"'
    b'"route":"/v1/messages","/v1/responses","/v1/chat/completions"'
    b'"outcome":"completed","status":200,"upstream":"demo","rules":[],"would":[],"findings":[],"findings_total":0,"coverage":{"request":'
    b'[{"scope":"user","inspected_by":["pii","secrets"],"response":[{"scope":"output","inspected_by":[],"texts":1,"chars":"places":'
    b'["0.content"]}]},"uninspectable":[],"tokens":{"input":,"output":},"bytes":{"request":,"response":},"released_chars":,"stages":[{"stage":"'
    b'input","at":0.0,"ms":0.0,"busy":0.0,"action":"allow","findings":0}],"attempts":[{"span":"","timings_ms":{"total":0.,"overhead":0.,'
    b'"guards":0.,"upstream":,"first_byte":null}}{"v":1,"ts":17,"request_id":"req_","trace":null,"method":"POST","route":'
    b'"/v1/chat/completions","app":"","surface":"chat","model":"gpt-","stream":false'
)
_FIRST, _WITH_TEXTS = b"\x04", b"\x02"
_BY_ZLIB = {b"\x03": _SHARED, b"\x01": _SHARED_BEFORE}
"""By the first byte: how earlier versions packed."""
_DICTIONARY = zstd.ZstdDict(_SHARED, is_raw=True)
TEXTS = frozenset({"texts", "sealed_texts"})
"""What a record may have of its exchange's texts."""
_SIZE = struct.Struct(">I")
_LEVEL = 3
_COMPRESSOR = zstd.ZstdCompressor(
    options={zstd.CompressionParameter.compression_level: _LEVEL, zstd.CompressionParameter.checksum_flag: 1},
    zstd_dict=_DICTIONARY.as_digested_dict,
)
"""One for all, since to make one takes longer than to pack a record."""
_LOCK = threading.Lock()


def pack(record: Record) -> bytes:
    """A record in a fourth or so of its size. The exchange's texts are packed beside the rest of it."""
    if TEXTS.isdisjoint(record):
        return _packed(record)
    told = _packed({name: value for name, value in record.items() if name not in TEXTS})
    return _WITH_TEXTS + _SIZE.pack(len(told)) + told + _packed({name: record[name] for name in TEXTS & record.keys()})


def apart(packed: bytes) -> tuple[bytes, bytes]:
    """What ``pack`` made, without the exchange's texts; and these, packed alike, or nothing where none are kept."""
    if packed[:1] != _WITH_TEXTS:
        return packed, b""
    begin = 1 + _SIZE.size
    end = begin + int.from_bytes(packed[1:begin])
    return packed[begin:end], packed[end:]


def unpack(packed: bytes) -> Record:
    """Raises ``UnreadableError`` where it is not what ``pack`` made."""
    told, texts = apart(packed)
    return {**_unpacked(told), **_unpacked(texts)} if texts else _unpacked(told)


def _packed(record: Record) -> bytes:
    content = orjson.dumps(record)
    with _LOCK:
        return _FIRST + _COMPRESSOR.compress(content, zstd.ZstdCompressor.FLUSH_FRAME)


def _unpacked(packed: bytes) -> Record:
    unpacking = _unpacking(packed[:1])
    try:
        content = unpacking.decompress(packed[1:], _MAX_RECORD)
        if not unpacking.eof:
            raise UnreadableError("cut off, or too large")
        record = orjson.loads(content)
    except (ValueError, zlib.error, zstd.ZstdError) as error:
        raise UnreadableError(type(error).__name__) from None
    if not isinstance(record, dict):
        raise UnreadableError("no record")
    return record


def _unpacking(first: bytes) -> Any:  # noqa: ANN401 either library's
    if first == _FIRST:
        return zstd.ZstdDecompressor(zstd_dict=_DICTIONARY)
    if first not in _BY_ZLIB:
        raise UnreadableError("not packed by this version")
    return zlib.decompressobj(zdict=_BY_ZLIB[first])
