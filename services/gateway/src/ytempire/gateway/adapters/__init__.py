"""The gateway's own tables and its libraries for passwords and tokens."""
