"""Hundreds of orders, unattended: a manifest's rows, each run to its end once, whatever happens."""
