"""Accounts, the eight-step journey, niches, preferences, customer mail."""
