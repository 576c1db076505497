"""The stages in order, one file each: load by id, call what is pure, save, say what comes next.

    poll       a feed's entries become documents
    fetch      a document's URL becomes a page
    extract    a page becomes blocks, kept or dropped, each with its language
    translate  the kept text becomes an English article
    cluster    the article finds its near-duplicates
    remove     a takedown leaves a tombstone

Each step claims its document, works outside any transaction, and ends in exactly one transaction that keeps the
outputs together with the new state (`ingest.store.queue.units`). It may run twice and has its effect once. A step
returns what the caller should ring for; nothing here knows who rings.
"""
