"""MinHash signatures by datasketch, the keys they are indexed by, and the label that tells schemes apart.

A signature keeps the lowest 16 bits of each of 128 minima (b-bit minwise hashing, Li and König 2010): two different
minima agree in them once in 65,536, which moves an estimate by 0.00002 and halves what is stored. Two minima side by
side make a band, 64 bands a signature: texts with Jaccard similarity j of their rare stems share a band with
probability 1 - (1 - j²)^64: .47 at .1, .93 at .2, .998 at .3. Few rows find many candidates, so each is verified.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.dedup.features import Features
from ingest.dedup.frequency import TABLE

PERMUTATIONS = 128
BANDS = 64
ROWS = 2
SEED = 1

SCHEME = f"stems-rare1-{TABLE}-snowball3-{PERMUTATIONS}p16-{BANDS}x{ROWS}-s{SEED}-affine32-fmix32"
"""Stored with each signature. Everything that changes a value is in it; two schemes are never compared."""


def sign(features: Features) -> bytes:
    """The signature: 128 little-endian numbers of 16 bits, one a permutation, in permutation order.

    The share of equal positions of two signatures estimates the Jaccard similarity of the rare stems; its standard
    error is at most 1 / (2 * sqrt(128)) = 0.044. Broder 1997, "On the resemblance and containment of documents".
    """
    minhash = _blank().copy()
    if len(features.rare):
        minhash.update_batch(features.rare.tolist())
    low: NDArray[np.uint16] = (minhash.hashvalues & np.uint32(0xFFFF)).astype("<u2")
    return low.tobytes()


@cache
def _blank() -> Any:
    """An empty signature with its permutations, copied for each text: drawing permutations anew costs a millisecond."""
    from datasketch import MinHash

    return MinHash(num_perm=PERMUTATIONS, seed=SEED, hashfunc=int, scheme="affine32")


def values(signatures: list[bytes]) -> NDArray[np.uint16]:
    """The numbers of several signatures, one row each."""
    return np.frombuffer(b"".join(signatures), dtype="<u2").reshape(len(signatures), PERMUTATIONS)


def band_keys(signature: bytes) -> tuple[int, ...]:
    """One signed 32-bit key a band, made of the scheme, the band's number and its rows.

    64 bands among 2^32 keys: with 100,000 texts in the index a key meets a stranger's by chance once in 670 look-ups.
    """
    return tuple(band_keys_of(values([signature]))[0].view(np.int32).tolist())


def band_keys_of(signatures: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """The keys of several signatures, one row each, unsigned."""
    return _mix(_salts()[:BANDS] ^ signatures.view("<u4"))  # two of 16 bits are one number


def digest_key(digest: bytes) -> int:
    """The key under which exact copies of a text are found."""
    raw = hashlib.blake2b(scheme_salt() + b"=" + digest, digest_size=4).digest()
    return int.from_bytes(raw, "little", signed=True)


def term_keys(terms: Sequence[int]) -> tuple[int, ...]:
    """The keys under which texts that share a weighty term are found."""
    return tuple(_mix(_salts()[BANDS] ^ np.array(terms, dtype=np.uint32)).view(np.int32).tolist())


@cache
def _salts() -> NDArray[np.uint32]:
    """A number a band, and one for terms: equal rows of different bands get different keys."""
    start = np.uint32(int.from_bytes(scheme_salt(), "little"))
    return _mix(np.arange(BANDS + 1, dtype=np.uint32) * np.uint32(0x9E3779B1) + start)


def _mix(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Each number mixed by MurmurHash3's finalizer, which maps no two to one."""
    mixed = (numbers ^ (numbers >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return mixed ^ (mixed >> np.uint32(16))


@cache
def scheme_salt(scheme: str = SCHEME) -> bytes:
    """Four bytes that keep the keys of different schemes apart in one table."""
    return hashlib.blake2b(scheme.encode(), digest_size=4).digest()


def estimate(one: NDArray[np.uint16], many: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Estimated Jaccard similarity of one signature to each of many."""
    equal = np.packbits(many == one, axis=1)  # a third of the time of the mean over truths
    share: NDArray[np.float64] = np.bitwise_count(equal).sum(axis=1) / many.shape[1]
    return share


def containment(jaccard: NDArray[np.float64], size: int, sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Estimated share of the smaller set that is in the larger, from the Jaccard similarity and both sizes."""
    shared = jaccard / (1 + jaccard) * (size + sizes)
    return np.minimum(1.0, shared / np.maximum(1, np.minimum(size, sizes)))
