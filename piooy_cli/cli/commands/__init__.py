"""One module for each command: its options, and the call of its use case in `app`."""
