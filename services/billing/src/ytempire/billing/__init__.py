"""Stripe customers, subscriptions, entitlements."""
