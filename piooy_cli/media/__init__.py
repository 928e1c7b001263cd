"""Recognizing media by their bytes, and whether a file is whole."""
