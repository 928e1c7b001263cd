"""The Piooy API: endpoints, what responses mean, and the only import of httpx."""
