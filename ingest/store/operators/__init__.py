"""People of the console: who may log in, what they did, what happened lately."""
