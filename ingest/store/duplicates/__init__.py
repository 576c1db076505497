"""What belongs together and why: signatures and their index, clusters, decisions of people."""
