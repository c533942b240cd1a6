"""What the cache of this machine has of a model on the Hub."""

from __future__ import annotations

from pathlib import Path

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


def commit(name: ModelName, revision: str | None) -> str:
    """The commit that a branch, a tag or nothing stands for, of a model that was loaded.

    What was asked for where that isn't known: of adapters, and of what is not on the Hub.
    """
    if name.source != "hub" or name.adapter is not None:
        return revision or ""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(name.location, "config.json", revision=revision)
    return Path(path).parent.name if isinstance(path, str) else revision or ""
