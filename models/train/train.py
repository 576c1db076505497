"""Train the model on prepared ids, on a CPU or one GPU, for a given time; stop and go on at will.

RUN/checkpoint.pt   model, optimiser, averaged weights, sampler, time spent; written every few minutes
RUN/export/         averaged weights in Hugging Face layout, replaced in one move
RUN/curve.tsv       minutes, English tokens, training loss, validation loss fr, de
"""

import logging
import signal
import time
from dataclasses import asdict, dataclass, field
from math import cos, pi
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.train import export, vocabulary
from models.train.batches import Batch, Sampler, read_groups
from models.train.loss import draw, everything, smoothed_cross_entropy
from models.train.sentencepieces import parse
from models.train.warm_start import END, Shape, build, warm_start

log = logging.getLogger(__name__)

SMOOTHING = 0.1
CLIP = 1.0
AVERAGE_EVERY = 5  # steps between two updates of the averaged weights
VALIDATED = 200  # held-out pairs a language whose loss is watched


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run goes. Time is counted over all resumptions: the learning rate falls to its floor when it is spent."""

    minutes: float
    shape: Shape = field(default_factory=Shape)
    batch_tokens: int = 2_500  # ids a side of a batch, padding included
    round_pairs: int = 6_000  # pairs sorted by length together
    peak: float = 5e-4
    floor: float = 2e-5
    warmup_steps: int = 60
    embedding_boost: float = 3.0  # the source embeddings are new: they learn this much faster than the rest
    dropout: float = 0.0
    # softmax over so many frequent pieces and so many drawn ones; None: over all
    candidates: tuple[int, int] | None = (4_000, 2_000)
    # the parent's English embeddings saw a thousand times the text of a CPU run; frozen, a step is a third cheaper
    train_english: bool = False
    long_run: bool = False  # which proportions of the origins: see corpora.Origin
    average_steps: float = 120.0  # memory of the averaged weights
    save_minutes: float = 6.0
    export_minutes: float = 12.0
    seed: int = 1


def gpu_plan(minutes: float, shape: Shape) -> Plan:
    """Return a plan for one large GPU: batches twenty times as big, some dropout, more often saved."""
    return Plan(
        minutes,
        shape,
        batch_tokens=50_000,
        round_pairs=150_000,
        peak=1e-3,
        warmup_steps=400,
        average_steps=1_000.0,
        dropout=0.1,
        candidates=None,
        train_english=True,
        long_run=True,
        save_minutes=2.0,
        export_minutes=4.0,
    )


class Run:
    """A model under training with everything a checkpoint holds."""

    def __init__(self, prepared: Path, folder: Path, plan: Plan, device: torch.device) -> None:
        self.prepared, self.folder, self.plan, self.device = prepared, folder, plan, device
        torch.manual_seed(plan.seed)
        size = len(parse((prepared / "source.spm").read_bytes()).pieces) + 1
        self.model = build(plan.shape, size, plan.dropout, fused_attention=device.type == "cuda")
        self.pad = size - 1
        self.sampler = Sampler(read_groups(prepared / "tokens.npz"), self.pad, plan.seed, plan.long_run)
        self.steps, self.tokens, self.seconds = 0, 0, 0.0
        checkpoint = folder / "checkpoint.pt"
        if not checkpoint.exists():
            self._start()
        self.model.to(device)
        self.model.model.decoder.embed_tokens.weight.requires_grad_(plan.train_english)
        self.optimizer = self._optimizer()
        self.average = {n: p.detach().clone().float() for n, p in self.model.named_parameters() if p.requires_grad}
        if checkpoint.exists():
            self._load(checkpoint)

    def _start(self) -> None:
        """Warm-start the model, or take a start that an earlier run of the same shape left behind."""
        path = self.prepared / f"start-{self.plan.shape.width}-{self.plan.shape.encoder_layers}.pt"
        if not path.exists():
            warm_start(self.model, self.prepared)
            torch.save(self.model.state_dict(), path)
        self.model.load_state_dict(torch.load(path, weights_only=True))

    @property
    def progress(self) -> float:
        """Return the share of the planned time that is spent, 0 to 1."""
        return min(1.0, self.seconds / (60 * self.plan.minutes))

    def _optimizer(self) -> torch.optim.Optimizer:
        source = self.model.model.encoder.embed_tokens.weight
        rest = [p for p in self.model.parameters() if p.requires_grad and p is not source]
        groups = [{"params": rest, "boost": 1.0}, {"params": [source], "boost": self.plan.embedding_boost}]
        return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0, fused=True)

    def learning_rate(self) -> float:
        """Return the rate of this moment: linear warm-up by steps, then a half cosine by time down to the floor."""
        plan = self.plan
        fall = plan.floor + (plan.peak - plan.floor) * 0.5 * (1 + cos(pi * self.progress))
        return fall * min(1.0, (self.steps + 1) / plan.warmup_steps)

    def loss(self, batch: Batch) -> Tensor:
        """Return the smoothed loss a token of a batch."""
        source = torch.from_numpy(batch.source).to(self.device)
        target = torch.from_numpy(batch.target).to(self.device)
        start = torch.full_like(target[:, :1], self.pad)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            hidden = self.model.model(
                input_ids=source,
                attention_mask=(source != self.pad).long(),
                decoder_input_ids=torch.cat([start, target[:, :-1]], 1),
                use_cache=False,
            ).last_hidden_state
        real = target != self.pad
        labels, size, sample = target[real], self.pad + 1, self.plan.candidates
        training = self.model.training
        candidates = draw(labels, size, *sample) if sample and training else everything(labels, size)
        with torch.autocast(self.device.type, enabled=False):
            return smoothed_cross_entropy(
                hidden[real],
                self.model.lm_head.weight,
                self.model.final_logits_bias[0],
                candidates,
                SMOOTHING if training else 0.0,
            )

    def step(self, batch: Batch) -> float:
        """Train on one batch and return its loss."""
        loss = self.loss(batch)
        loss.backward()
        english = self.model.model.decoder.embed_tokens.weight.grad
        if english is not None:
            # decoding starts from the padding row: it has to stay the zero that CTranslate2 starts from
            english[self.pad] = 0.0
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate() * group["boost"]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        self.tokens += batch.tokens
        if self.steps % AVERAGE_EVERY == 0:
            self._average()
        return float(loss.detach())

    def _average(self) -> None:
        """Move the averaged weights towards the model's; the memory grows with the run, so its start is forgotten."""
        memory = min(self.plan.average_steps, 1 + self.steps / 4)
        for name, parameter in self._trained():
            self.average[name].lerp_(parameter.detach().float(), min(1.0, AVERAGE_EVERY / memory))

    def _trained(self) -> list[tuple[str, Tensor]]:
        return [(name, parameter) for name, parameter in self.model.named_parameters() if parameter.requires_grad]

    def validate(self) -> dict[str, float]:
        """Return the loss a token (no smoothing) on the first held-out pairs of each language, averaged weights."""
        live = {name: p.detach().clone() for name, p in self._trained()}
        self._put(self.average)
        self.model.train(False)
        losses = {}
        for language, batches in self._held_out().items():
            with torch.no_grad():
                total = sum(float(self.loss(batch)) * batch.tokens for batch in batches)
            losses[language] = total / sum(batch.tokens for batch in batches)
        self.model.train()
        self._put(live)
        return losses

    def _held_out(self) -> dict[str, list[Batch]]:
        cut_source = vocabulary.processor(parse((self.prepared / "source.spm").read_bytes()))
        cut_target = vocabulary.processor(parse((self.prepared / "target.spm").read_bytes()))
        rows: dict[str, list[tuple[list[int], list[int]]]] = {}
        for line in (self.prepared / "held-out.tsv").read_text(encoding="utf-8").splitlines():
            language, source, english = line.split("\t")
            rows.setdefault(language, []).append(
                ([*cut_source.encode(source), END], [*cut_target.encode(english), END])
            )
        batches: dict[str, list[Batch]] = {}
        for language, pairs in rows.items():
            chosen = sorted(pairs[:VALIDATED], key=lambda pair: len(pair[1]))
            batches[language] = [self._pack(chosen[i : i + 32]) for i in range(0, len(chosen), 32)]
        return batches

    def _pack(self, pairs: list[tuple[list[int], list[int]]]) -> Batch:
        sides = []
        for side in (0, 1):
            width = max(len(pair[side]) for pair in pairs)
            sides.append(np.array([pair[side] + [self.pad] * (width - len(pair[side])) for pair in pairs], np.int64))
        return Batch(sides[0], sides[1], self.pad)

    def _put(self, weights: dict[str, Tensor]) -> None:
        for name, parameter in self._trained():
            parameter.data.copy_(weights[name])

    def save(self) -> None:
        """Write the checkpoint in one move."""
        content = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "sampler": self.sampler.state(),
            "counts": (self.steps, self.tokens, self.seconds),
            "plan": asdict(self.plan),
        }
        torch.save(content, self.folder / "checkpoint.tmp")
        (self.folder / "checkpoint.tmp").replace(self.folder / "checkpoint.pt")

    def _load(self, path: Path) -> None:
        content: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.average = content["average"]
        self.sampler.restore(content["sampler"])
        self.steps, self.tokens, self.seconds = content["counts"]
        log.info("resumed at step %d, %.2f M tokens, %.1f minutes", self.steps, self.tokens / 1e6, self.seconds / 60)

    def export(self) -> None:
        """Write the averaged weights to RUN/export as a float16 MarianMT checkpoint."""
        live = {name: p.detach().clone() for name, p in self._trained()}
        self._put(self.average)
        export.write_checkpoint(self.model, self.prepared, self.folder / "export")
        self._put(live)


def train(prepared: Path, folder: Path, plan: Plan, device: torch.device, stop_after: float | None = None) -> Run:
    """Train until the plan's time is spent, or `stop_after` minutes of this call; save, export, return the run.

    A SIGTERM ends the call likewise after the step under way: nothing is lost, and a later call goes on.
    """
    asked_to_stop = Event()
    before = signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.set())
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(prepared, folder, plan, device)
    log.info("%.1f M parameters on %s", sum(p.numel() for p in run.model.parameters()) / 1e6, device)
    run.model.train()
    began = last = saved = exported = time.monotonic()
    if run.steps == 0:
        _record(run, float("nan"))
    losses: list[float] = []
    logged_tokens = run.tokens

    def over() -> bool:
        late = stop_after is not None and last - began > 60 * stop_after
        return run.progress >= 1 or late or asked_to_stop.is_set()

    while not over():
        for batch in run.sampler.round(run.progress, plan.round_pairs, plan.batch_tokens):
            losses.append(run.step(batch))
            now = time.monotonic()
            run.seconds += now - last
            last = now
            if run.steps % 50 == 0:
                pace = (run.tokens - logged_tokens) / max(1e-9, now - began)
                log.info(
                    "step %d loss %.3f lr %.2e %.2f M tokens, %.0f a second, %.1f min",
                    run.steps, np.mean(losses[-50:]), run.learning_rate(), run.tokens / 1e6, pace, run.seconds / 60,
                )  # fmt: skip
            if now - saved > 60 * plan.save_minutes:
                run.save()
                saved = now
            if now - exported > 60 * plan.export_minutes:
                run.export()
                _record(run, float(np.mean(losses)))
                losses, exported = [], now
            if over():
                break
    run.save()
    run.export()
    _record(run, float(np.mean(losses)) if losses else float("nan"))
    signal.signal(signal.SIGTERM, before)
    return run


def _record(run: Run, loss: float) -> None:
    held_out = run.validate()
    row = (run.seconds / 60, run.tokens / 1e6, loss, *(held_out[language] for language in sorted(held_out)))
    log.info("validation: %s", {k: round(v, 3) for k, v in held_out.items()})
    with (run.folder / "curve.tsv").open("a", encoding="utf-8") as curve:
        curve.write("\t".join(f"{value:.3f}" for value in row) + "\n")
