"""Topic, script, narration, visuals, render, cost."""
