"""The Piooy API on this machine, written from its description alone."""
