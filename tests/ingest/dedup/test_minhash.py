"""Signatures are datasketch's, estimate what they should, and never mix schemes."""

from __future__ import annotations

import random

import numpy as np
import pytest
from datasketch import MinHash

from ingest.dedup.features import Features, featurize
from ingest.dedup.minhash import BANDS, PERMUTATIONS, band_keys, estimate, scheme_salt, sign, values
from tests.ingest.dedup.news import edited, text


def features_of(stems: list[int]) -> Features:
    rare = np.array(sorted(stems), dtype=np.uint32)
    one = np.ones(len(stems), dtype=np.float32)
    return Features("en", b"", len(stems), rare, one, one.astype(np.uint8), one, 1.0, 1.0, rare, ())


def test_a_signature_is_datasketchs_with_sixteen_bits_kept() -> None:
    features = featurize(text(1))
    reference = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=int, scheme="affine32")
    reference.update_batch([int(stem) for stem in features.rare])
    assert values([sign(features)])[0].tolist() == [int(value) & 0xFFFF for value in reference.hashvalues]
    assert len(sign(features)) == 2 * PERMUTATIONS


@pytest.mark.parametrize("shared", [0, 10, 40, 80, 100])
def test_the_estimate_is_within_three_standard_errors(shared: int) -> None:
    rng = random.Random(shared)
    stems = [rng.getrandbits(32) for _ in range(200 - shared)]
    a, b = stems[:100], stems[100 - shared :]
    true = len(set(a) & set(b)) / len(set(a) | set(b))
    one, other = values([sign(features_of(a)), sign(features_of(b))])
    assert abs(estimate(one, other[None])[0] - true) < 3 * 0.0442


def test_near_copies_share_bands_and_strangers_few() -> None:
    one, copy, stranger = (set(band_keys(sign(featurize(body)))) for body in (text(1), edited(1, 1), text(2)))
    assert len(one) == BANDS
    assert len(one & copy) > 10
    assert len(one & stranger) < 4


def test_schemes_have_keys_of_their_own() -> None:
    assert scheme_salt() != scheme_salt("another")
    assert all(-(2**31) <= key < 2**31 for key in band_keys(sign(featurize(text(1)))))
