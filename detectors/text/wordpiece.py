"""The encoder's tokens: BERT's uncased WordPiece, from the vocabulary that is shipped (``models/minilm_vocabulary.json``)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

START, END = 101, 102
_UNKNOWN = "[UNK]"
_VOCABULARY = Path(__file__).parent.parent / "models" / "minilm_vocabulary.json"

_Library: TypeAlias = Any  # the tokenizers package, which need not be installed


class WordPiece:
    """Texts to token numbers, without the marks of start and end."""

    def __init__(self) -> None:
        import tokenizers

        words = json.loads(_VOCABULARY.read_text(encoding="utf-8"))
        self.size = len(words)
        self._tokenizer = _tokenizer(tokenizers, {word: at for at, word in enumerate(words)})

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch(texts, add_special_tokens=False)]


def _tokenizer(library: _Library, vocabulary: dict[str, int]) -> _Library:
    made = library.Tokenizer(library.models.WordPiece(vocabulary, unk_token=_UNKNOWN, max_input_chars_per_word=100))
    made.normalizer = library.normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    made.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    return made
