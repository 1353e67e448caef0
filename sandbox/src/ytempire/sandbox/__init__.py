"""Faithful local stand-ins of the outside world."""
