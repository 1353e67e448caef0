"""Rules of accounts, the journey, niches and preferences: pure."""
