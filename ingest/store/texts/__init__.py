"""What came in and what became of it: documents, pages, extractions, articles, and lists of them."""
