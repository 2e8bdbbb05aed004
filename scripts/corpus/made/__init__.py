"""Rows made here: what the public sets lack, and all there is when they are not at hand."""
