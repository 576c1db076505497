"""The learned models: what there is (`manifest`), how more come in (`fetch`, `convert`), how one runs (`marian`).

Knows nothing of news: sentences in, sentences out. `builtin/` ships in the repository, `train/` is how it was made.
"""
