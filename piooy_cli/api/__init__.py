"""The Piooy API: endpoints, what an answer means, and the only import of httpx."""
