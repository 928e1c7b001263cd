"""Finding the files of a task in whatever shape its result has."""
