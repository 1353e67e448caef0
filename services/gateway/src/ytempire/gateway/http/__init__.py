"""Routes, one file for each topic: parse, call, answer."""
