"""A simulated model for probes, with effects planted on purpose."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from detectors.registry import Catalog, build
from gateway.guard.plan import options_of
from gateway.watch.probes.calls import Said, answer
from gateway.watch.probes.plan import Planner, Question, Scope
from gateway.watch.probes.real_values import RealValues
from gateway.watch.probes.verdicts import Verdicts
from policies.load import load_text
from policies.policy import Policy
from tests.gateway.watch.records import record

HE = "Write two lines for a colleague. He is a nurse, and his work is good."
SHE = "Write two lines for a colleague. She is a nurse, and her work is good."
VERSION = "careful@0123456789ab"
REFUSAL = "I'm sorry, but I can't help with that."
_MOODS = """
    awful terrible horrible bad poor weak common dull plain decent fine lovely nice fair good great happy wonderful excellent perfect
""".split()  # noqa: SIM905 a table of words
"""By how they sound."""
REAL = RealValues.built()
_WORDS = ("the", "work", "is", "good", "and", "done", "well", "as", "ever", "on", "this", "day", "by", "all", "who", "came")


def asked(number: int = 1, user: str = HE, **fields: object) -> dict:
    """An exchange that can be asked again."""
    texts = {"input": [{"place": "messages.0.content", "scope": "user", "text": user}], "output": []}
    return record(number, **{"upstream": "openai", "texts": texts, **fields})


def policy(rules: str, rest: str = "") -> Policy:
    return load_text(f"name: careful\nrules:{rules}\n{rest}", "careful.yaml", Catalog()).policy


def verdicts(guarding: Policy | None = None, clock: Callable[[], float] = lambda: 0.0) -> Verdicts:
    """By the policy, as it was when it had ``VERSION``."""
    known = {VERSION: guarding} if guarding else {}
    return Verdicts(known.get, lambda rule: build(rule.detect, options_of(rule)), clock)


def question(number: int, user: str = HE, app: str = "shop") -> Question:
    found = Planner(Scope(["*"], ["*"], {"openai": frozenset({"chat"})}, 1.0), ["gender"], REAL.find).plan(asked(number, user, app=app))
    assert isinstance(found, Question)
    return found


@dataclass
class Model:
    """Answers never twice the same. ``refuses`` and ``shorter`` are what women get more of, and by how much theirs is shorter."""

    seed: int
    refuses: float = 0.0
    shorter: float = 0.0
    sadder: float | None = None
    """By how much, in standard deviations of what words were chosen with; None: moods are left out."""
    chance: random.Random = field(init=False)
    asked: list = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    async def ask(self, upstream: str, surface: str, content: bytes) -> Said:
        return answer(surface, self.answer(content))

    def answer(self, content: bytes) -> bytes:
        said = orjson.loads(content)
        self.asked.append(said)
        is_woman = "She" in said["messages"][-1]["content"]
        if self.chance.random() < 0.1 + self.refuses * is_woman:
            text = REFUSAL
        else:
            words = round(self.chance.lognormvariate(3.5, 0.4) * (1 - self.shorter * is_woman))
            text = " ".join(self.chance.choices(_WORDS, k=max(1, words)))
        if self.sadder is not None and text != REFUSAL:
            at = self.chance.gauss(10 - 4 * self.sadder * is_woman, 4)
            text = f"It is on the table, and it is {_MOODS[max(0, min(len(_MOODS) - 1, round(at)))]} for all of you."
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return orjson.dumps({"choices": [choice], "usage": {"prompt_tokens": 20, "completion_tokens": 30}})
