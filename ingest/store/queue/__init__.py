"""Which document wants which stage, who has it, what stands aside, and how each attempt ended."""
