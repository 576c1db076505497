"""Which of the texts that share a band are worth verifying: bounded in number, whatever is thrown at the index.

The bands answer with far more than copies: at 100,000 texts some 200 a text. The signatures themselves say, for a
few microseconds each, which of them share rare stems enough.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingest.dedup.minhash import containment, estimate

PER_KEY = 100
"""Newest entries of one key that are looked at. A key that more texts share is a form's or a phrase's; true copies
share many other keys."""

LEAST_CONTAINMENT = 0.25
"""Estimated share of the smaller text's rare stems that are in the other one. Keeps .9986 of the verified
development pairs and 7 of 38 candidates; at .20 all of them and 13, at .30 .994 and 4."""

MOST = 64
"""Candidates verified for one text, the most similar first."""


def promising(
    signature: NDArray[np.uint16], size: int, others: NDArray[np.uint16], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Positions of the candidates to verify, best first, and every candidate's estimated Jaccard similarity.

    size, sizes: how many rare stems were signed of each. Ties go to the earlier position.
    """
    jaccard = estimate(signature, others)
    contained = containment(jaccard, size, sizes)
    order = np.argsort(-contained, kind="stable")[:MOST]
    return order[contained[order] >= LEAST_CONTAINMENT], jaccard
