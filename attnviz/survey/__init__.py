"""What a text has, before the model runs over it: sentences, tokens, warnings, and the pilot.

Texts come in, as files that were read; nothing of a sentence is kept longer than its shard.
"""
