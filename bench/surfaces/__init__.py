"""One text at every place of every surface, for what is measured and tested on all of them alike."""

from bench.surfaces.case import BENIGN, Case
from bench.surfaces.chat import CHAT, COMPLETIONS
from bench.surfaces.messages import MESSAGES
from bench.surfaces.plain import EMBEDDINGS, FILES, GENERIC
from bench.surfaces.responses import RESPONSES

CASES = (CHAT, COMPLETIONS, RESPONSES, MESSAGES, EMBEDDINGS, FILES, GENERIC)

__all__ = ["BENIGN", "CASES", "CHAT", "COMPLETIONS", "EMBEDDINGS", "FILES", "GENERIC", "MESSAGES", "RESPONSES", "Case"]
