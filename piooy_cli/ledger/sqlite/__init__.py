"""The order store in SQLite."""
