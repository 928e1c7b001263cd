"""What each command does, without Typer: use cases that take domain objects."""
