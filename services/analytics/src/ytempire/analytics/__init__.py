"""Metrics, revenue, cost, profit."""
