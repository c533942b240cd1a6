"""Whether a model can be loaded without fetching it."""

from __future__ import annotations

from attnviz.errors import InputError
from attnviz.models.names import ModelName


def check_at_hand(name: ModelName, revision: str | None) -> None:
    """Raises InputError for a model on the Hub that is not in the cache of this machine."""
    if name.source != "hub":
        return
    from huggingface_hub import try_to_load_from_cache

    files = ("config.json", "adapter_config.json")
    cached = (try_to_load_from_cache(name.location, file, revision=revision) for file in files)
    if not any(isinstance(path, str) for path in cached):
        raise InputError(
            f"The model {name.argument} is neither a folder here nor in the cache.",
            "Name MODEL to have it fetched.",
        )
