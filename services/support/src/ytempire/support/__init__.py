"""Tickets, health, alerts, scaling."""
