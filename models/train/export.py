"""A model under training as files: Hugging Face MarianMT layout, float16, with its two vocabularies.

transformers' MarianMTModel and MarianTokenizer load it; `models.convert` makes the CTranslate2 model from it.
CTranslate2's own converter does not: it takes the source vocabulary for both sides.
"""

import json
import shutil
from pathlib import Path

from transformers import MarianMTModel

TOKENIZER = {
    "tokenizer_class": "MarianTokenizer",
    "source_lang": "x",
    "target_lang": "en",
    "model_max_length": 512,
    "separate_vocabs": True,
}
VOCABULARY_FILES = ("source.spm", "target.spm", "vocab.json", "target_vocab.json")


def write_checkpoint(model: MarianMTModel, prepared: Path, folder: Path) -> None:
    """Write the model, float16, with its vocabularies; an earlier one at `folder` is replaced at the end, whole."""
    import torch
    from safetensors.torch import save_file

    new, old = folder.with_suffix(".new"), folder.with_suffix(".old")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    model.config.dtype = torch.float16
    model.config.save_pretrained(new)
    skipped = ("lm_head.weight", "embed_positions.weight")  # tied, and computed
    weights = {
        name: value.detach().cpu().half().contiguous()
        for name, value in model.state_dict().items()
        if not name.endswith(skipped)
    }
    save_file(weights, new / "model.safetensors", metadata={"format": "pt"})
    for name in VOCABULARY_FILES:
        shutil.copy(prepared / name, new / name)
    (new / "tokenizer_config.json").write_text(json.dumps(TOKENIZER, indent=1), encoding="utf-8")
    model.config.dtype = torch.float32
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
