"""The customer's journey through the public door, as a browser would walk it: for the demo, tests and proofs."""
