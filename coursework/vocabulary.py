"""Words and their numbers.

One rule cuts text into words everywhere in the kit, for training and for scores alike: see `tokenise`.
"""

import os
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from coursework.files import InputError, read_json, write_json

NULL, START, END, UNK = "<NULL>", "<START>", "<END>", "<UNK>"
SPECIAL = [NULL, START, END, UNK]

TOKENISER = "lower-case runs of letters and digits, inner apostrophes kept"  # `tokenise`, in words

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")  # [^\W_]: a letter or a digit of any script


def tokenise(text: str) -> list[str]:
    """The words of a caption, in lower case.

    A word is a run of letters and digits, apostrophes inside it kept ("don't"); everything else separates.
    Accented letters are composed and curly apostrophes made straight first, so that a word typed in two ways
    is one word.
    """
    return _WORD.findall(unicodedata.normalize("NFC", text.lower()).replace("\u2019", "'"))


@dataclass(frozen=True)
class VocabularyOptions:
    """Which words of a data set a model is to know. Raises InputError for a value out of range."""

    captions: str = "train"
    """the captions whose words count: those of the split "train", or "all" """
    minimum_count: int = 1
    """how often a word must occur in them; rarer ones become UNK"""
    max_words: int | None = None
    """words behind so many of a caption do not count, and are not trained on; None: all do"""

    def __post_init__(self):
        """Check the values."""
        if self.captions not in ("train", "all"):
            raise InputError(f"a vocabulary is of the captions train or all, not {self.captions!r}")
        if self.minimum_count < 1:
            raise InputError(
                f"a word cannot be asked to occur {self.minimum_count} times: at least 1"
            )
        if self.max_words is not None and self.max_words < 1:
            raise InputError(f"captions cannot be cut to {self.max_words} words: at least 1")

    def described(self) -> dict:
        """The options and the rule that cuts text into words, for a bundle's manifest."""
        return {**asdict(self), "tokeniser": TOKENISER}


class Vocabulary:
    """The words a model can read and say, each with its id: 0 NULL, 1 START, 2 END, 3 UNK, then the rest."""

    def __init__(self, words: Sequence[str]):
        """`words` in the order of their ids. Raises InputError if the first four are not the special ones."""
        self.words = list(words)
        self.word_to_idx = {word: idx for idx, word in enumerate(self.words)}
        if self.words[: len(SPECIAL)] != SPECIAL or len(self.word_to_idx) != len(self.words):
            raise InputError(
                f"not a vocabulary: it must begin with {' '.join(SPECIAL)} and repeat no word"
            )

    @classmethod
    def build(
        cls, captions: Iterable[str], minimum_count: int = 1, max_words: int | None = None
    ) -> "Vocabulary":
        """The words that occur at least `minimum_count` times, the most frequent first, ties by alphabet.

        With `max_words`, only the first so many words of each caption count.
        """
        counts = Counter(word for caption in captions for word in tokenise(caption)[:max_words])
        kept = [word for word, count in counts.items() if count >= minimum_count]
        return cls(SPECIAL + sorted(kept, key=lambda word: (-counts[word], word)))

    def encode(self, caption: str | Sequence[str], max_words: int | None = None) -> list[int]:
        """START, the ids of the caption's first `max_words` words (UNK for words not known), END."""
        words = tokenise(caption) if isinstance(caption, str) else caption
        unknown = self.word_to_idx[UNK]
        ids = [self.word_to_idx.get(word, unknown) for word in words[:max_words]]
        return [self.word_to_idx[START], *ids, self.word_to_idx[END]]

    def encode_all(
        self, captions: Iterable[str], max_words: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """`encode` of many captions at once, for a whole data set in a second or two.

        Returns ids int32 (P, longest), the shorter ones filled up with NULL, and how many there are of each,
        int64 (P,), START and END counted.
        """
        special = {name: self.word_to_idx[name] for name in SPECIAL}
        known, ids, lengths = self.word_to_idx.get, array("i"), array("q")
        for caption in captions:
            words = tokenise(caption)[:max_words]
            ids.extend([known(word, special[UNK]) for word in words])
            lengths.append(len(words) + 2)
        ends = np.array(lengths, dtype=np.int64)[:, None]
        rows = np.full((len(ends), ends.max(initial=0)), special[NULL], dtype=np.int32)
        place = np.arange(rows.shape[1])
        rows[:, :1] = special[START]
        rows[(0 < place) & (place < ends - 1)] = ids
        rows[place == ends - 1] = special[END]
        return torch.from_numpy(rows), torch.from_numpy(ends[:, 0].copy())

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words of the ids up to END; NULL and START are left out. `ids` may be a row of a tensor."""
        words = []
        for idx in ids:
            word = self.words[int(idx)]
            if word == END:
                break
            if word not in (NULL, START):
                words.append(word)
        return words

    def batch(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Lists of ids as one int64 tensor (N, longest), the shorter ones filled up with NULL."""
        tensors = [torch.tensor(row, dtype=torch.int64) for row in rows]
        return pad_sequence(tensors, batch_first=True, padding_value=self.word_to_idx[NULL])

    def save(self, path: str | os.PathLike) -> None:
        """Write the words as JSON."""
        write_json(path, {"words": self.words})

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Vocabulary":
        """Read what `save` wrote. Raises InputError if the file is absent or damaged."""
        content = read_json(path, "vocabulary")
        words = content.get("words") if isinstance(content, dict) else None
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise InputError(f'damaged vocabulary {path}: it has no list of "words"')
        try:
            return cls(words)
        except InputError as error:
            raise InputError(f"damaged vocabulary {path}: {error}") from error

    def __len__(self) -> int:
        return len(self.words)
