"""An OpenAI-compatible text service: deterministic answers, exact usage and cost."""
