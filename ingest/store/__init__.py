"""SQL is the truth: rooms by whom they serve, each file one noun, plain functions on a connection.

sources      feeds and their polls, entries, sites and what they repeat
queue        which document wants which stage, who has it, how each attempt ended
texts        documents, pages, extractions, articles, and lists of them
duplicates   signatures and their index, clusters, decisions
consumers    the sequence of changes, webhooks, tokens
operators    people, what they did, what happened lately

All of them stand on `engine` (connections, turns, the database's clock), `schema` (the tables) and `migrations`.
"""
