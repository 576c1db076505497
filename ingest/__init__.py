"""Multilingual news ingestion: from a feed entry to a cluster of English articles.

The pipeline in one paragraph. A *feed* is polled and names *entries*; an entry, a file or a push becomes a
*page* (the bytes as they came). `extract` cuts the page into *blocks* and marks each as article or
*boilerplate*, with a rule id. `language` says which *span* of the text is French, German or English.
`translation` cuts spans into *segments* (sentences), translates what is not English and keeps both sides'
offsets. The result is an *article*. `dedup` signs its cleaned English with MinHash, looks its *bands* up,
verifies each *candidate*, and joins or opens a *cluster*; decisions by people (must-link, cannot-link) win.
`publish` lets it out: a change feed, feeds, webhooks, files.

Glossary
    document      one text on its way through the stages; its id is the article's id, from the door to the consumer
    rejection     a normal ending: the stage and the reason why a document became no article
    waiting       a known language without a model: an outcome that ends when the model appears
    revision      a later version of the same article; never a duplicate
    match         a verified pair of near-duplicates, with its evidence
    related       an independent account of the same event; shown, never merged

Layers (imports only downward): workers, ingest.cli > ingest.pipeline, ingest.web > the stages and the store >
ingest.types, ingest.errors, ingest.settings. `ingest` imports neither `models` nor `workers`, its command line
apart: what it needs of them it names as a Protocol and is handed.
"""

__version__ = "0.1.0"
