"""The command line: Typer's commands and options, help, manual pages and completion."""
