"""Across layers: rollout and what each token receives. Layers come in one at a time."""
