"""Orders, tasks, assets, errors and events: data that every package shares, no I/O."""
