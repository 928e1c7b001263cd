"""Many things at once: limits, back-off, deadlines and signals."""
