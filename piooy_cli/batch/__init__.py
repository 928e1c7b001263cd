"""Manifests of many rows, each row submitted once, whatever happens."""
