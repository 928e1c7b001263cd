"""The Piooy API: endpoints, what an answer means, and the only door to httpx."""
