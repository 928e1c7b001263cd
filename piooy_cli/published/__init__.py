"""What is made from the command tree: completion scripts and manual pages."""
