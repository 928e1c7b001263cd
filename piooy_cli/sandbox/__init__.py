"""A fake Piooy API for this machine, written from the published description alone."""
