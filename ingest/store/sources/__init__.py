"""What is known of those who send: feeds and their entries, sites and what they repeat."""
