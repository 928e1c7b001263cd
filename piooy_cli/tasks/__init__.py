"""The life of a task: submit the order, wait for its end, fetch its files."""
