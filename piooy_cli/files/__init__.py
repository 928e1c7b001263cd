"""Files of this machine: reading, replacing and locking them, and whose they are."""
