"""The outside: mail, packaged data, random tokens."""
