"""Building orders from what the user asks for: text, options, references, defaults."""
