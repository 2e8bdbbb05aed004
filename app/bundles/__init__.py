"""Bundles: `models/<name>/<version>/`, verified before anything in them is used."""
