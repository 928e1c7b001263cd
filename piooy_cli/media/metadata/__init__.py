"""How a file was made, written into the file and read back; its media data stays as it is. Pure."""
