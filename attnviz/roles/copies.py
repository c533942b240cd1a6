"""Which tokens are copies of each other."""

from functools import lru_cache

import numpy as np

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
    return np.where(in_run(labels), -1, labels)
