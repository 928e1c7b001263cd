"""One module for each command: what it takes is declared above, what it does stands below."""
