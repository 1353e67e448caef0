"""Stripe: customers, cards, subscriptions, invoices and webhooks, with state and a virtual clock."""
