"""How one exchange is asked of its endpoint: for what besides, how often, and what was wrong with the answers before.

Sans-io. The request goes out as ``body``; ``watch`` holds each answer to the bounds, ``take`` sees each of its events on the way to the
guard, and ``again`` makes the body with which the model is asked once more.
"""

from collections.abc import Callable, Sequence

from gateway.guard.answer_bounds import AnswerBounds, AnswerWatch
from gateway.guard.broken import Broken
from gateway.guard.outcome import Findings
from gateway.guard.review import Hit
from gateway.wire import logprobs
from gateway.wire.codec import encode
from gateway.wire.model import Event, Json, Request
from gateway.wire.reasking import Said, asking_again, may_ask_again, sample_of
from policies.flows import FlowWatch
from policies.rollout import share_of
from policies.verdict import Action


class Attempts:
    """``body`` is what goes upstream now; ``reasks`` how often the model has been asked again."""

    def __init__(self, bounds: AnswerBounds, request: Request, body: bytes, flows: FlowWatch | None = None) -> None:
        self._flows = flows
        self.body = body
        self.reasks = 0
        self._bounds = bounds
        self._request = request
        self._left = bounds.max_reasks if may_ask_again(request.surface, request.body) else 0
        self._broken: list[Sequence[Broken]] = []  # of each of the answers before
        self._said = Said()
        self._watch: AnswerWatch | None = None
        self._asked: Json = request.body
        self._plain: bytes | None = None  # the body as it was, where more is asked for than the app did
        self._listens = self._left > 0
        asking = logprobs.asking(request.surface, request.body) if bounds.uncertainty else None
        if asking is not None:
            self._asked, self._plain, self.body = asking, body, encode(asking)

    @property
    def holds_whole(self) -> bool:
        return self._bounds.holds_whole

    def drop_extras(self) -> bool:
        """The endpoint refuses the request: whether more was asked for than the app did, which is left out from now on."""
        if self._plain is None or self.reasks:
            return False
        self.body, self._plain, self._asked = self._plain, None, self._request.body
        return True

    def watch(self, findings: Findings) -> AnswerWatch:
        """For the next answer, whose ``findings`` have those of the answers before it that were not accepted."""
        for number, found in enumerate(self._broken):
            for broken in found:
                findings.add(("attempts", number, *broken.place), broken.scope, [Hit(broken.fired, "")])
            findings.raise_to(Action.FLAG)
        self._said = Said()
        self._watch = AnswerWatch(self._bounds, may_reask=self._left > 0, flows=self._flows)
        return self._watch

    def take(self, event: Event, render: Callable[[Event], bytes]) -> None:
        """Read of an event what the guard does not, and take out what the app did not ask for. ``render``: the event's bytes once more."""
        if self._listens:
            self._said.hear(event)
        unsure = self._watch.unsure if self._watch else None
        if unsure is None:
            return
        unsure.hear(logprobs.read(event))
        if self._plain is not None and logprobs.strip(event, self._request.body.get("top_logprobs", 0)):
            event.raw = render(event)

    def samples(self, request_id: str, key: bytes) -> tuple[bytes, int] | None:
        """The body that asks for one answer more, and how many to ask for, if it is this exchange's turn; it depends on its id alone."""
        unsure = self._bounds.uncertainty
        resample = unsure.resample if unsure else None
        sample = sample_of(self._request.surface, self._request.body) if resample else None
        if resample is None or sample is None or share_of(key, "resample", request_id) >= resample.share:
            return None
        self._listens = True
        return encode(sample), resample.samples

    @property
    def said(self) -> str:
        """What the first choice of the answer says, as it came."""
        return self._said.text(0)

    def hear(self, event: Event) -> None:
        """More of an answer that is not accepted."""
        self._said.hear(event)

    def again(self, broken: Sequence[Broken]) -> None:
        """Ask once more."""
        self._left -= 1
        self.reasks += 1
        self._broken.append(broken)
        answer = self._said.text(broken[0].choice)
        self.body = encode(asking_again(self._request.surface, self._asked, answer, [each.reason for each in broken]))
