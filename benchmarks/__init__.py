"""What is claimed about speed and scale, runnable: `python -m benchmarks` runs each in its short form."""
