"""Checkpoints as files: Hugging Face layout in float16, and from it CTranslate2 in int8.

The two vocabularies are separate, which transformers' MarianMTModel and MarianTokenizer know how to load;
CTranslate2's own converter registers the source vocabulary for both sides, so ours registers the target's.
"""

import json
import shutil
from pathlib import Path
from typing import Any

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


def convert(checkpoint: Path, out: Path, quantization: str = "int8") -> None:
    """Write a CTranslate2 model ("int8" or "float32") with source.spm and target.spm beside it."""
    import ctranslate2.converters.transformers as converters

    class SeparateVocabularies(converters.MarianMTLoader):  # type: ignore[misc]
        def set_vocabulary(self, spec: Any, tokens: list[str]) -> None:
            target = json.loads((checkpoint / "target_vocab.json").read_text(encoding="utf-8"))
            ordered = sorted(target, key=target.__getitem__)
            spec.register_source_vocabulary(tokens)
            spec.register_target_vocabulary([piece for piece in ordered if piece != "<pad>"])

    loaders = converters._MODEL_LOADERS
    ordinary = loaders["MarianConfig"]
    if (checkpoint / "target_vocab.json").exists():
        loaders["MarianConfig"] = SeparateVocabularies()
    try:
        converter = converters.TransformersConverter(str(checkpoint), copy_files=["source.spm", "target.spm"])
        converter.convert(str(out), quantization=quantization, force=True)
    finally:
        loaders["MarianConfig"] = ordinary
