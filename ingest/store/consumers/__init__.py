"""What programs follow: the sequence of changes, webhooks, tokens."""
