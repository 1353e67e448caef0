"""Channels, uploads, read-back."""
