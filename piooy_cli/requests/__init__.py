"""From what the user asks for to an order: text, options, references, defaults."""
