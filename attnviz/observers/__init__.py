"""What is kept while the layers of a model pass.

Comes after attention, roles, statistics and baselines, and knows none of what is made of it.
What it leaves (`tables`, `drawn`, `shown`, `totals`) are plain arrays, without torch.
"""
