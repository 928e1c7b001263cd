"""The contact sheet of a sweep."""
