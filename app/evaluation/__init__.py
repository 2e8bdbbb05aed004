"""How good a filter is on labelled texts: numbers, plots and a page."""
