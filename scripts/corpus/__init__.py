"""Rows: where they come from and how they are cleaned, compared and split."""
