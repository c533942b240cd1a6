"""Which tokens are copies of each other."""

from functools import lru_cache

import numpy as np

from attnviz.attention.targets import Bools
from attnviz.roles import masks
from attnviz.roles.masks import Ints
from attnviz.roles.runs import in_run
from attnviz.text.types import Tokens


@lru_cache(maxsize=1)  # several roles ask for those of a sentence, one after the other
def copies(tokens: Tokens) -> Ints:
    """A label for each token: copies have the same, -1 is a copy of none.

    Special tokens, those that the vocabulary lacks, and tokens in a run are none.
    """
    labels = masks.labels(tokens)
    return np.where(in_run(labels) | _in_run_of_words(tokens, labels), -1, labels)


def _in_run_of_words(tokens: Tokens, labels: Ints) -> Bools:
    """Which tokens are in a run of whole words, [token], however many tokens these have.

    So that a run is one by tokens and by words. A word with a token that is no copy is in none.
    """
    words = np.array([-1 if word is None else word for word in tokens.words], dtype=np.int64)
    starts = np.flatnonzero(np.diff(words, prepend=-2))
    if len(starts) == len(words):  # as many words as tokens: nothing that `in_run` doesn't see
        return np.zeros(len(words), dtype=np.bool_)
    spelled = [tuple(part.tolist()) for part in np.split(labels, starts[1:])]
    numbers = {ids: at for at, ids in enumerate(dict.fromkeys(spelled))}
    of_words = np.array([-1 if min(ids) < 0 else numbers[ids] for ids in spelled])
    hit: Bools = np.repeat(in_run(of_words), np.diff(starts, append=len(words)))
    return hit
