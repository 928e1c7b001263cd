"""Settings, the config file, directories, and the API key."""
