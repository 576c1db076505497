"""What a run reads: pairs drawn by origin, news more and more towards the end, in batches of like lengths."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.train import corpora

Ids = NDArray[np.int64]
# a source piece passes six layers, an English one two and the softmax: sorted so, 9 % of the source side is padding,
# sorted by the English side alone 30 %
_COST = np.array([1.0, 0.3])


@dataclass(slots=True)
class Group:
    """The pairs of one language and origin: flat ids and offsets of either side, and how many were drawn so far."""

    language: str
    origin: str
    source: NDArray[np.uint16]
    source_start: Ids
    target: NDArray[np.uint16]
    target_start: Ids
    drawn: int = 0
    order: Ids = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.source_start) - 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of one step, [pairs, length]; `pad` fills the ends of both sides."""

    source: Ids
    target: Ids
    pad: int

    @property
    def tokens(self) -> int:
        """Return the number of English tokens, sentence ends included."""
        return int((self.target != self.pad).sum())


def read_groups(tokens: Path) -> list[Group]:
    """Return the groups of a `tokens.npz` as `prepare` wrote it; origins no longer allowed are left out."""
    groups = []
    with np.load(tokens) as arrays:
        for name in sorted({key.rsplit(".", 1)[0] for key in arrays.files}):
            language, origin = name.split(".")
            if origin not in corpora.ORIGINS:
                continue
            starts = [
                np.concatenate([[0], np.cumsum(arrays[f"{name}.{side}_length"], dtype=np.int64)])
                for side in ("source", "target")
            ]
            groups.append(
                Group(language, origin, arrays[f"{name}.source"], starts[0], arrays[f"{name}.target"], starts[1])
            )
    return groups


def share(group: Group, progress: float, long_run: bool = False) -> float:
    """Return the weight of a group's draws at this point of a run (0 to 1), in pairs.

    News-like origins go from three quarters of their mean rate to five quarters of it, the others from 1.5 to 0.5.
    """
    late = corpora.ORIGINS[group.origin].late
    ramp = 0.75 + 0.5 * progress if late else 1.5 - progress
    return len(group) * corpora.passes(group.origin, group.language, long_run) * ramp


class Sampler:
    """Draws batches from groups without repetition inside a pass; `drawn` counts make it resumable."""

    def __init__(self, groups: list[Group], pad: int, seed: int, long_run: bool = False) -> None:
        self.groups, self.pad, self.seed, self.long_run = groups, pad, seed, long_run
        self.rounds = 0

    def state(self) -> dict[str, int]:
        """Return what `restore` needs to go on where this sampler stands."""
        return {"": self.rounds, **{f"{g.language}.{g.origin}": g.drawn for g in self.groups}}

    def restore(self, state: dict[str, int]) -> None:
        """Go on from a `state`; the rest of the round that was under way is not drawn again."""
        self.rounds = state[""]
        for group in self.groups:
            group.drawn, group.order = state.get(f"{group.language}.{group.origin}", 0), np.empty(0, np.int64)

    def round(self, progress: float, pairs: int, tokens: int) -> Iterator[Batch]:
        """Yield the batches of one round of about `pairs` pairs, each of at most `tokens` ids a side with padding."""
        rng = np.random.default_rng((self.seed, self.rounds))
        self.rounds += 1
        weights = np.array([share(group, progress, self.long_run) for group in self.groups])
        wanted = rng.multinomial(pairs, weights / weights.sum())
        rows = [(g, i) for g, count in enumerate(wanted) for i in self._draw(self.groups[g], int(count))]
        lengths = np.array([self._lengths(self.groups[g], i) for g, i in rows])
        order = np.argsort(lengths @ _COST + rng.random(len(rows)))
        batches: list[list[tuple[int, int]]] = []
        current: list[tuple[int, int]] = []
        widest = 0
        for row in order:
            wide = max(widest, int(lengths[row].max()))
            if current and wide * (len(current) + 1) > tokens:
                batches.append(current)
                current, wide = [], int(lengths[row].max())
            current.append(rows[row])
            widest = wide
        if current:
            batches.append(current)
        for index in rng.permutation(len(batches)):
            yield self._stack(batches[index])

    def _draw(self, group: Group, count: int) -> Ids:
        taken = []
        while count > 0:
            whole, done = divmod(group.drawn, len(group))
            if done == 0 or len(group.order) == 0:
                group.order = np.random.default_rng((self.seed, whole, len(group))).permutation(len(group))
            part = group.order[done : done + count]
            taken.append(part)
            group.drawn += len(part)
            count -= len(part)
        return np.concatenate(taken) if taken else np.empty(0, np.int64)

    @staticmethod
    def _lengths(group: Group, i: int) -> tuple[int, int]:
        return (
            int(group.source_start[i + 1] - group.source_start[i]),
            int(group.target_start[i + 1] - group.target_start[i]),
        )

    def _stack(self, rows: list[tuple[int, int]]) -> Batch:
        lengths = [self._lengths(self.groups[g], i) for g, i in rows]
        source = np.full((len(rows), max(s for s, _ in lengths)), self.pad, np.int64)
        target = np.full((len(rows), max(t for _, t in lengths)), self.pad, np.int64)
        for row, ((g, i), (s, t)) in enumerate(zip(rows, lengths, strict=True)):
            group = self.groups[g]
            source[row, :s] = group.source[group.source_start[i] : group.source_start[i + 1]]
            target[row, :t] = group.target[group.target_start[i] : group.target_start[i + 1]]
        return Batch(source, target, self.pad)
