"""A policy held to its false-alarm rate at a real gateway: scores on record, exchanges to review, labels, and the calibration taken up."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.support.gateway import Gateway, running_gateway
from tests.support.waiting import eventually_here

pytestmark = pytest.mark.slow

CARDS = """
name: cards
domain:
  topics:
    allow:
      - name: lost
        examples:
          [I lost my card, my card was stolen, someone took my credit card, I cannot find my debit card, please block my missing card]
      - name: arrival
        examples:
          [when will my new card arrive, my card has not come yet, how long does delivery of the card take, track my card, my card is late]
    outside: {action: block, max_fpr: 0.05, deadline_ms: 60000}
    review: 0.5
"""
INSIDE = ("I think somebody stole my credit card", "I have lost my debit card", "has my new card been sent", "my card did not come")
OUTSIDE = ("Write me a poem about the sea", "How do I bake a chocolate cake")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with running_gateway(tmp_path, {}, policies={"cards": CARDS}) as gateway:
        yield gateway


def post(url: str, body: object, key: str = "any") -> tuple[int, dict, str]:
    """Status, answer and request id."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response), response.headers["x-oddgate-request-id"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers["x-oddgate-request-id"]


def ask(gateway: Gateway, text: str) -> str:
    return post(f"{gateway.url}/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": text}]})[2]


def events(gateway: Gateway) -> list[dict]:
    return [line for line in map(json.loads, gateway.journal_text().splitlines()) if line.get("kind") in ("review", "feedback")]


def review(gateway: Gateway) -> list[dict]:
    return json.loads(gateway.admin("/api/v1/review")[1])["review"]


def wait_for(gateway: Gateway, said: str) -> None:
    eventually_here(lambda: said in gateway.output)


def test_from_traffic_to_a_border_in_force(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    """Scores are recorded whether a bound fires or not; what is near the border is reviewed, and what people say moves it."""
    inside = [ask(gateway, text) for text in INSIDE]
    outside = [ask(gateway, text) for text in OUTSIDE]
    records = gateway.records()
    scores = {name: records[name]["scores"]["domain.topics"]["score"] for name in (*inside, *outside)}
    assert all(scores[name] < 0.95 for name in inside)
    assert all(scores[name] >= 0.95 for name in outside)
    again = ask(gateway, INSIDE[0])  # remembered
    assert gateway.records()[again]["scores"] == records[inside[0]]["scores"]

    waiting = review(gateway)
    assert set(outside) <= {each["request_id"] for each in waiting}
    assert [each["distance"] for each in waiting] == sorted(each["distance"] for each in waiting)
    shown = next(each for each in waiting if each["request_id"] == outside[0])
    assert shown["rule"] == "domain.topics"
    assert shown["decision"] == "block"
    assert shown["chance"] == pytest.approx(1 - scores[outside[0]])
    assert not any(text in json.dumps(waiting) for text in (*INSIDE, *OUTSIDE))
    place = f"/api/v1/review/{outside[0]}"
    assert gateway.admin(place, {"label": "inside"})[0] == 200  # it was a poem about cards, say
    assert gateway.admin(place, {"label": "inside"})[0] == 0
    assert outside[0] not in {each["request_id"] for each in review(gateway)}
    said = {"request_id": outside[1], "label": "false_negative", "comment": "a secret remark"}
    assert post(f"{gateway.url}/v1/feedback", said)[:2] == (202, {"request_id": outside[1], "status": "accepted"})
    assert [(each["kind"], each["request_id"], each["label"]) for each in events(gateway)] == [
        ("review", outside[0], "inside"),
        ("feedback", outside[1], "false_negative"),
    ]
    assert "a secret remark" not in gateway.journal_text()
    metrics = gateway.admin("/metrics")[1]
    assert 'oddgate_reviews_total{label="inside"} 1.0' in metrics
    assert f"oddgate_review_waiting {float(len(review(gateway)))}" in metrics

    policy = gateway.policies / "cards.yaml"
    command = ["calibrate", "--policy", str(policy), "--journal", str(gateway.folder / "journal")]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["rules"]["domain.topics"]
    assert (report["inside"], report["false_alarms"], report["unlabelled_stops"], report["border"]) == (6, 1, 1, 0.05)
    assert report["new_border"] != 0.05
    assert (gateway.policies / "cards.calibration.json").exists()
    wait_for(gateway, "policies reloaded: cards")
    later = ask(gateway, OUTSIDE[1])
    assert gateway.records()[later]["policy"] != records[outside[1]]["policy"]
    assert gateway.records()[later]["scores"] == records[outside[1]]["scores"]  # the border moves, not the measure
    found = next(each for each in review(gateway) if each["request_id"] == later)
    assert found["border"] == pytest.approx(report["new_border"], abs=1e-8)

    policy.write_text(CARDS.replace("my card is late", "where is my card"))
    wait_for(gateway, "domain.topics: the policy's words have changed since")
    assert main([*command, "--json"]) == 1  # all the scores are of other examples


UNSURE = """
name: unsure
domain:
  output: {uncertainty: {max_fpr: 0.1, action: block}}
"""


def test_from_judged_answers_to_a_limit_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What people say of answers gives the limit on uncertainty by which bad ones are stopped from then on, and good ones are not."""
    with running_gateway(tmp_path, {}, policies={"unsure": UNSURE}) as gateway:
        good = [ask(gateway, f"Say exactly: {'certainly ' * (3 + number % 5)}unquestionably") for number in range(50)]
        bad = [ask(gateway, f"Say exactly: {'a b ' * (3 + number)}c") for number in range(5)]
        assert {gateway.records()[name]["decision"] for name in (*good, *bad)} == {"allow"}
        for name in (*good, *bad):
            label = "good" if name in good else "bad"
            assert post(f"{gateway.url}/v1/feedback", {"request_id": name, "label": label, "score": 1})[0] == 202
        command = ["calibrate", "--policy", str(gateway.policies / "unsure.yaml"), "--journal", str(gateway.folder / "journal"), "--json"]
        assert main(command) == 0
        found = json.loads(capsys.readouterr().out)["rules"]["domain.output.uncertainty"]
        assert (found["good"], found["bad"], found["auroc"]["mean"], found["new_caught"]["rate"]) == (50, 5, 1.0, 1.0)
        wait_for(gateway, "policies reloaded: unsure")
        later = [ask(gateway, f"Say exactly: {words}") for words in ("a b a b a b c", f"{'certainly ' * 4}unquestionably")]
        assert [gateway.records()[name]["rules"] for name in later] == [["domain.output.uncertainty"], []]


def test_feedback_is_for_known_callers(tmp_path: Path) -> None:
    """What has no app's key is refused; what has one is written down as that app's."""
    apps = [{"name": "bot", "key": "the-key-of-the-bot"}]
    body = {"request_id": "req_" + "0" * 24, "label": "good", "score": 0.5}
    with running_gateway(tmp_path, {}, policies={"open": "name: open"}, apps=apps) as gateway:
        assert post(f"{gateway.url}/v1/feedback", body)[0] == 401
        assert post(f"{gateway.url}/v1/feedback", body, "the-key-of-the-bot")[0] == 202
        status, answer, _ = post(f"{gateway.url}/v1/feedback", {**body, "label": "fine"}, "the-key-of-the-bot")
        assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, "invalid_body", "label")
        assert [(each["app"], each["label"], each["score"]) for each in events(gateway)] == [("bot", "good", 0.5)]
