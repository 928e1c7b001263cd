"""Static completion scripts, one module for each shell."""
