"""``oddgate policy replay`` as a script sees it: what it prints, and its exit code."""

import json

import pytest

from detectors.registry import Catalog
from gateway.cli.policy import replay
from gateway.proxy.versions import Versions
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import parse
from policies.load import library, load_policy
from tests.gateway.cli.policy.conftest import GOOD

MAIL = {"scope": "user", "text": "to a@example.com"}


@pytest.fixture
def recorded(folder, monkeypatch):
    """A draft that blocks what ``policies/p.yaml`` redacts, and four exchanges of which two are concerned."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    (folder / "draft.yaml").write_text(GOOD.replace("redact", "block") + "expect: {max_block_rate_increase: 0.4}\n")
    rows = [
        {"request_id": f"r{index}", "app": "a", "texts": [MAIL if index % 2 else {"scope": "user", "text": f"hello {index}"}]}
        for index in range(4)
    ]
    (folder / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_replay(oddgate, recorded):
    """What changes, by decision, rule and app, with examples; a bound that breaks is named, and by how much; exit 1."""
    code, out, err = oddgate("replay", "draft.yaml", "--from", "texts.jsonl", "--against", "policies/p.yaml")
    lines = out.splitlines()
    assert (code, err) == (1, "")
    assert lines[2] == "exchanges   4: 4 decided, of 0 it cannot be told what changes"
    assert lines[3].startswith("block       0 -> 2 (0.00 % -> 50.00 %; by +50.00 %, ")
    assert "change      redact -> block: 2: r1, r3" in lines
    assert "lost blocks 0" in lines
    assert any(line.startswith("app         a: block 0 -> 2") for line in lines)
    assert lines[-1] == "expect      broken: max_block_rate_increase: 50.00 % is 10.00 % more than 40.00 %"
    assert "a@example.com" not in out


def test_a_bound_that_holds(oddgate, recorded):
    """Exit 0; the policy that it replaces is that of its name in ./policies."""
    (recorded / "draft.yaml").write_text(GOOD)
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl")
    assert (code, "against     p@" in out, "change" in out.split("exchanges", 1)[1].split("\n", 1)[1]) == (0, True, False)


def test_as_json(oddgate, recorded):
    """The same for a script, with all rows."""
    code, out, _ = oddgate("replay", "draft.yaml", "--from", ".", "--json", "--sample", "1")
    told = json.loads(out)
    assert code == 1
    assert told["exchanges"] == {"read": 4, "decided": 4, "untold": 0, "repeated": 0, "held_off": 0}
    assert told["moves"] == {"leaves": {"count": 0, "examples": []}, "enters": {"count": 0, "examples": []}}
    assert told["changes"] == [{"old": "redact", "new": "block", "count": 2, "examples": ["r1"], "rules": {}}]
    assert told["rules"]["mail"]["old"] == told["rules"]["mail"]["new"] == 2
    assert told["decisions"]["block"]["new_rate"]["value"] == 0.5
    assert set(told["decision_us"]) == {"old", "new"}


def test_what_was_found_is_remembered(oddgate, recorded, monkeypatch):
    """A second run asks no detector, and no text is kept."""
    oddgate("replay", "draft.yaml", "--from", "texts.jsonl")
    kept = b"".join(path.read_bytes() for path in (recorded / "cache" / "oddgate" / "replay").iterdir())
    assert b"example.com" not in kept
    monkeypatch.setattr(replay.LocalScan, "run", None)
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl")
    assert (code, "change      redact -> block: 2: r1, r3" in out) == (1, True)


def test_lines_that_are_none(oddgate, recorded):
    """They are counted and named by number, without a word of theirs; exit 1, unless they are allowed."""
    (recorded / "draft.yaml").write_text(GOOD)
    with (recorded / "texts.jsonl").open("a") as file:
        file.write('{"secret\n\n{"request_id": "x"}\n')
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl")
    assert code == 1
    assert "  unread    2 lines" in out
    assert "            texts.jsonl:5: this is not JSON" in out
    assert "            texts.jsonl:7: neither texts nor a record of the journal" in out
    assert "secret" not in out
    assert "unread      2 lines of no recorded exchange: not green, unless --allow-bad" in out
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl", "--allow-bad")
    assert (code, "  unread    2 lines" in out, "--allow-bad" in out) == (0, True, False)
    assert json.loads(oddgate("replay", "draft.yaml", "--from", "texts.jsonl", "--json")[1])["ok"] is False


def test_lines_that_are_none_are_not_most_of_it(oddgate, recorded):
    """Where more than half is unreadable, nothing is green, whatever is allowed."""
    (recorded / "draft.yaml").write_text(GOOD)
    for bad, code in ((4, 0), (5, 1)):
        (recorded / f"bad{bad}.jsonl").write_text((recorded / "texts.jsonl").read_text() + "{\n" * bad)
        told, out, _ = oddgate("replay", "draft.yaml", "--from", f"bad{bad}.jsonl", "--allow-bad")
        assert told == code
        assert ("unread      5 lines of no recorded exchange, more than half of all: not green" in out) is bool(code)


def test_a_line_that_is_there_twice(oddgate, recorded, monkeypatch):
    """An exchange counts once, as it is told first; how many were repeated is said, and whether all of them are known."""
    lines = (recorded / "texts.jsonl").read_text()
    again = {"request_id": "r0", "app": "a", "texts": [MAIL]}
    (recorded / "texts.jsonl").write_text(lines + lines + json.dumps(again) + "\n")
    _, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl")
    assert "exchanges   4: 4 decided, of 0 it cannot be told what changes" in out
    assert "  repeated  5: of each request id the first counts" in out
    assert "block       0 -> 2 (" in out
    assert "not all of them" not in out
    monkeypatch.setattr(replay, "_MAX_IDS", 3)
    _, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl")
    assert "exchanges   5: " in out
    assert "  repeated  not all of them are known: there are too many exchanges" in out


def test_a_draft_that_is_for_nobody(oddgate, recorded):
    """What it is not for, it does not decide: blocks of the policy that it replaces are lost, and it is said why."""
    blocking = GOOD.replace("redact", "block")
    (recorded / "policies" / "p.yaml").write_text(blocking)
    (recorded / "draft.yaml").write_text(f"{blocking}applies_to: {{apps: [nobody]}}\nexpect: {{max_lost_blocks: 0}}\n")
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl")
    assert code == 1
    assert "leave       4 exchanges no longer this policy's (applies_to): r0, r1, r2, r3" in out
    assert "lost blocks 2: r1, r3" in out
    assert "expect      broken: max_lost_blocks: 2 are lost, 2 more than 0" in out
    (recorded / "policies" / "p.yaml").write_text(f"{blocking}applies_to: {{apps: [nobody]}}\n")
    (recorded / "draft.yaml").write_text(f"{blocking}applies_to: {{apps: [a]}}\n")
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl")
    assert "enter       4 exchanges newly this policy's (applies_to): r0, r1, r2, r3" in out
    assert "block       0 -> 2 (" in out


def test_what_a_terminal_would_act_upon(oddgate, recorded):
    """Whatever stands in the file, not one control character is printed, and no line is added."""
    evil = "\x1b[2J\x9b31m\u202e\nlost blocks 0"
    row = {"request_id": f"r{evil}", "app": f"a{evil}", "texts": [MAIL]}
    (recorded / "texts.jsonl").write_text(json.dumps(row) + "\n")
    for more in ([], ["--json"]):
        _, out, _ = oddgate("replay", "draft.yaml", "--from", "texts.jsonl", *more)
        assert all(char.isprintable() for line in out.split("\n") for char in line)
        assert out.split("\n").count("lost blocks 0") == (not more)
    assert json.loads(out)["changes"][0]["examples"] == [row["request_id"]]
    assert set(json.loads(out)["apps"]) == {row["app"]}


def _record(version, rule="mail"):
    row = {"scope": "user", "inspected_by": [rule], "texts": 1, "chars": 9, "places": ["m.0"]}
    found = {"rule": rule, "kind": "pii.EMAIL_ADDRESS", "place": "m.0", "scope": "user", "start": 0, "end": 9, "score": 1}
    record = {"request_id": "r", "app": "a", "model": "m", "surface": "chat", "policy": version, "decision": "redact"}
    return record | {"findings": [found], "findings_total": 1, "coverage": {"request": [row], "response": []}}


def test_what_a_measure_has_refused(oddgate, recorded):
    """No policy has decided it: it is counted by itself, and breaks no bound; what one had decided before is decided again."""
    refused = {"policy": None, "decision": "allow", "outcome": "quarantined", "status": 403, "measures": ["m"], "findings": []}
    limited = _record("p@000000000000") | {"request_id": "l", "outcome": "upstream_limited", "measures": ["m"]}
    records = [*({**_record(""), "request_id": f"r{number}", **refused} for number in range(3)), limited]
    (recorded / "journal.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    _, out, _ = oddgate("replay", "draft.yaml", "--from", "journal.jsonl")
    assert "exchanges   1: 0 decided, of 1 it cannot be told what changes" in out
    assert "  held off  3: refused by a measure (quarantine, rate limit), and decided by no policy" in out


def test_records_of_another_policy(oddgate, recorded):
    """Nothing can be told of them until it is named; then what is recorded is decided again."""
    other = GOOD.replace("name: p", "name: other")
    (recorded / "other.yaml").write_text(other)
    _, out, _ = oddgate("diff", "other.yaml", "other.yaml", "--json")
    record = _record(json.loads(out)["old"])
    (recorded / "journal.jsonl").write_text(json.dumps(record) + "\n")
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "journal.jsonl")
    assert code == 1
    assert "of 1 it cannot be told what changes" in out
    assert f"1: recorded under {record['policy']}, which is not given (--recorded-by)" in out
    assert "expect      broken: max_untold: of 100.00 % it cannot be told what changes, and at most 5.00 % may be so" in out
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "journal.jsonl", "--recorded-by", "other.yaml")
    assert (code, "change      redact -> block: 1: r" in out) == (1, True)


def test_records_of_versions_that_the_gateway_keeps(oddgate, recorded):
    """An edit of what nobody decides by, or of anything else, since the records were made is no reason that nothing can be told."""
    before = load_policy(recorded / "policies" / "p.yaml", Catalog())
    (recorded / "journal.jsonl").write_text(json.dumps(_record(before.version)) + "\n")
    (recorded / "policies" / "p.yaml").write_text(GOOD + "owner: somebody else\n")
    _, out, _ = oddgate("replay", "draft.yaml", "--from", "journal.jsonl")
    assert "of 1 it cannot be told what changes" in out
    Versions(recorded / "kept").keep([before])
    _, out, _ = oddgate("replay", "draft.yaml", "--from", "journal.jsonl", "--keep-dir", "kept")
    assert "change      redact -> block: 1: r" in out


def test_records_of_the_library(oddgate, recorded):
    """What comes with the package is known by itself."""
    version = load_policy(library() / "default.yaml", Catalog()).version
    record = _record(version, rule="pii")
    (recorded / "journal.jsonl").write_text(json.dumps(record) + "\n")
    _, out, _ = oddgate("replay", "draft.yaml", "--from", "journal.jsonl")
    assert "is not given" not in out


@pytest.fixture
def kept(recorded):
    """Five exchanges in a journal and in the store, the policy that decided them, and settings that name both."""
    (recorded / "own").mkdir()
    before = load_policy(recorded / "policies" / "p.yaml", Catalog())
    Versions(recorded / "own").keep([before])
    found = _record(before.version)
    records = [found | {"request_id": f"r{number}", "ts": 1_795_000_000 + 50_000 * number} for number in range(5)]
    records[3] |= {"findings": [], "findings_total": 0, "decision": "allow"}
    said = {"kind": "feedback", "ts": 1_795_000_000, "request_id": "r1", "app": "a", "label": "bad"}
    (recorded / "journal.jsonl").write_text("".join(json.dumps(each) + "\n" for each in (*records, said)))
    (recorded / "oddgate.yaml").write_text("store: {url: sqlite:///./own/kept.db}\npolicies: {keep_dir: own}\n")
    store = open_sqlite(recorded / "own" / "kept.db", 3660)
    store.keep([parse(json.dumps(record).encode()) for record in records], [parse(json.dumps(said).encode())], {}, 1_795_000_000)
    yield store
    store.close()


def test_from_the_store(oddgate, kept):
    """It says the same as the journal, and knows the versions that the gateway keeps by the same settings."""
    times = {"seconds": None, "decision_us": None}
    code, out, _ = oddgate("replay", "draft.yaml", "--from", "journal.jsonl", "--keep-dir", "own", "--json")
    assert oddgate("replay", "draft.yaml", "--store", "--json")[0] == code
    again = oddgate("replay", "draft.yaml", "--store", "--config", "oddgate.yaml", "--json")[1]
    assert json.loads(again) | times == json.loads(out) | times
    assert (json.loads(out)["exchanges"]["decided"], json.loads(out)["changes"][0]["count"]) == (5, 4)


def test_times_of_the_store(oddgate, kept):
    """Only exchanges between them."""
    _, out, _ = oddgate("replay", "draft.yaml", "--store", "--since", "1795050000", "--until", "1795150000")
    assert "change      redact -> block: 2: r1, r2" in out.splitlines()


def test_what_cannot_be_read_in_the_store(oddgate, kept):
    """It counts as a line that is none, by its request id."""
    (table,) = [name for (name,) in kept._rows.ask("SELECT name FROM days ORDER BY name LIMIT 1")]
    kept._rows.do(f"UPDATE {table} SET record = ? WHERE request_id = 'r0'", [(b"\x63later",)])
    code, out, _ = oddgate("replay", "draft.yaml", "--store")
    assert (code, "store:r0: not packed by this version" in out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["draft.yaml", "--store"], "the store of exchanges cannot be read: "),
        (["draft.yaml", "--store", "--config", "none.yaml"], "none.yaml"),
        (["draft.yaml", "--store", "--since", "yesterday"], "since: allowed: seconds since 1970"),
        (["draft.yaml", "--from", "texts.jsonl", "--since", "5"], "--since and --until are for --store"),
        (["draft.yaml", "--from", "none.jsonl"], "No such file or directory"),
        (["draft.yaml", "--from", "policies"], "there is no *.jsonl in policies"),
        (["policies/p.yaml", "--from", "texts.jsonl"], "there is no other policy named p in policies; say --against"),
        (["draft.yaml", "--from", "draft.yaml"], "not one exchange could be read"),
    ],
)
def test_wrong_uses(oddgate, recorded, arguments, message):
    """Where nothing can be read, or compared with, exit 2 and why."""
    code, _, err = oddgate("replay", *arguments)
    assert (code, message in err) == (2, True), err


def test_progress(oddgate, recorded, monkeypatch):
    """A long run says how far it is, on the error output."""
    monkeypatch.setattr(replay, "_PROGRESS_S", 0.0)
    assert "oddgate policy replay: 4 exchanges, " in oddgate("replay", "draft.yaml", "--from", "texts.jsonl")[2]


@pytest.mark.parametrize(
    ("words", "app", "blocked"),
    [
        ("tighten: {rule: mail, action: block}", (), 2),
        ("tighten: {rule: mail, action: block, app: a}", (), 2),
        ("tighten: {rule: mail, action: block, app: b}", (), 0),
        ("tighten: {rule: mail, action: block, app: '{app}'}", ("--measure-app", "a"), 2),
        ("force_redaction: {}", (), 0),
        ("quarantine: {app: a}", (), 4),
        ("quarantine: {app: b}", (), 0),
    ],
)
def test_under_a_measure(oddgate, recorded, words, app, blocked):
    """What a measure would do is seen before it is ever in force, for those it is about."""
    (recorded / "measure.yaml").write_text(words)
    against = ("--against", "policies/p.yaml", "--from", "texts.jsonl")
    _, out, err = oddgate("replay", "policies/p.yaml", *against, "--measure", "measure.yaml", *app, "--json")
    told = json.loads(out)
    assert (told["measure"], err) == ("measure.yaml", "")
    assert told["decisions"]["block"]["new"] == blocked
    assert "measure     measure.yaml" in oddgate("replay", "policies/p.yaml", *against, "--measure", "measure.yaml", *app)[1]


def test_a_measure_of_the_settings(oddgate, recorded):
    """An entry of ``actions.allow`` is named by its id."""
    entry = "{id: strict, do: {tighten: {rule: mail, action: block}}}"
    (recorded / "oddgate.yaml").write_text(f"actions: {{allow: [{entry}]}}")
    arguments = ("replay", "policies/p.yaml", "--against", "policies/p.yaml", "--from", "texts.jsonl", "--measure")
    code, out, _ = oddgate(*arguments, "strict", "--json")
    assert (code, json.loads(out)["decisions"]["block"]["new"]) == (0, 2)
    code, _, err = oddgate(*arguments, "other")
    assert (code, "no entry of that id in actions.allow; allowed: strict" in err) == (2, True)
