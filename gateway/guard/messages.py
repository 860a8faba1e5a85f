"""What the guard released of a response in a realtime session, as messages: tails first, each a message of its own."""

from gateway.guard.response import Release
from gateway.wire.codec import encode
from gateway.wire.model import put
from gateway.wire.openai.realtime_answer import RealtimeAnswer
from gateway.wire.openai.realtime_events import ServerEvent


def render_messages(release: Release, event: ServerEvent, answer: RealtimeAnswer | None) -> list[bytes]:
    """An untouched event as it came, an edited one with its texts written in, without log probabilities that would spell them.
    ``answer``: of the response that it is of.
    """
    for index, text in release.texts.items():
        put(event.body, event.deltas[index].place, text)
    is_edited = bool(release.texts)
    if is_edited:
        for companion in event.companions:
            put(event.body, companion.place, None)
    tails = [answer.tail(channel, text) for channel, text in release.tails] if answer else []
    if answer:
        answer.note(event)
    return [*(tail for tail in tails if tail is not None), encode(event.body) if is_edited else event.raw]
