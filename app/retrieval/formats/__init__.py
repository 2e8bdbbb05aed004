"""One module for each format a source may have: text in, blocks of an outline out."""
