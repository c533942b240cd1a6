"""Turns errors of loading and running a model into errors that name the fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import dropwhile
from traceback import walk_tb
from typing import Any

import torch

from attnviz.errors import AttnvizError, InputError
from attnviz.models.checkpoint import Stored
from attnviz.models.embeddings import vocabulary
from attnviz.models.names import ModelName

_NOT_THERE = frozenset({"OSError", "ConnectionError", "HfHubHTTPError", "LocalEntryNotFoundError"})
"""Errors that say a file can't be had, by name: importing the classes takes long."""

_AGAIN = "Download the model again; the files may be cut short, or of another model."


@contextmanager
def explained(name: ModelName, revision: str | None, packed: str = "") -> Iterator[None]:
    """Turns what loading may raise into an InputError that names the fix.

    `packed` is how the weights are quantised, "" where they aren't.
    """
    try:
        yield
    except AttnvizError:
        raise
    except Exception as error:
        raise _explain(name, revision, error, packed) from error


def unsupported(model_type: str, why: str, *, yet: str = " yet") -> InputError:
    """The error for a model that loads but can't be measured."""
    return InputError(
        f"Models of type {model_type} can't be reported on{yet}: {why}.",
        "Run `attnviz list models` for the kinds that can.",
    )


def stopped(what: str, error: Exception) -> InputError | None:
    """The error for a model whose own code failed while it ran; None where attnviz failed.

    It is attnviz that failed if the model's code had called it: that is a bug.
    """
    frames = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    inside = dropwhile(lambda name: name.startswith("attnviz."), frames)
    if any(name.startswith("attnviz.") for name in inside):
        return None
    if out_of_memory(error):
        return InputError(f"{what}: there is not enough memory.", "Try --dtype bfloat16.")
    if isinstance(error, KeyError) and frames[-1].startswith("accelerate."):
        # Weights that aren't in the files, as they are computed, or tied in a .gguf.
        return InputError(
            f"{what}: accelerate left {error.args[0]} on disk, and doesn't find it there.",
            "Leave out --device-map, or use --dtype bfloat16, so that nothing has to wait on disk.",
        )
    return InputError(
        f"{what}: {type(error).__name__}: {first_line(error)}",
        "Its config.json and generation_config.json have to be those that were saved with the "
        "weights; where they are, please report this as a bug, with the output of `attnviz env`.",
    )


def out_of_memory(error: Exception) -> bool:
    """Whether torch ran out of memory; on a CPU only the message says so."""
    said = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "allocate memory" in said
        or "not enough memory" in said
    )


def check_weights(name: ModelName, model: Any, info: dict[str, Any], held: Stored) -> None:  # noqa: ANN401
    """Raises InputError where weights are missing or of another shape than the config says.

    Files that are cut short were refused before.
    """
    # Missing weights are filled at random, and random heads look like a finding. A pooler is
    # missing from most checkpoints, and it comes after the last attention layer; sinusoids are
    # computed (Marian).
    missing = sorted(
        key for key in info["missing_keys"] if "pooler" not in key and not _computed(model, key)
    )
    shapes = sorted(info["mismatched_keys"], key=str)
    if missing:
        raise InputError(
            f"The weights of {name.argument} don't fit its config: "
            f"{_tensors(len(missing))} missing, {missing[0]} first.",
            _why_missing(model, sorted(map(str, info["unexpected_keys"])), held),
        )
    if shapes:
        key, stored, expected = (shapes[0][k] for k in range(3))
        raise InputError(
            f"The weights of {name.argument} don't fit its config: {_tensors(len(shapes))} of "
            f"another shape, {key} first, which is {_shape(stored)} and should be "
            f"{_shape(expected)}.",
            "Put the config.json there that was saved with these weights.",
        )


def _tensors(count: int) -> str:
    return "1 tensor is" if count == 1 else f"{count} tensors are"


def _shape(sizes: Any) -> str:  # noqa: ANN401 - a torch.Size, or a list
    return " x ".join(map(str, sizes)) or "a single number"


def _why_missing(model: Any, unexpected: list[str], held: Stored) -> str:  # noqa: ANN401
    """What to do about missing weights: it depends on what the files hold instead."""
    lost = held.promised - held.names
    if lost:
        return (
            f"Download the model again, all files of it: its index names {min(lost)}, which its "
            "files don't hold."
        )
    if any(key.endswith(".qweight") for key in unexpected):
        return (
            "They are packed, as by GPTQ or AWQ, and its config.json doesn't say so: put the "
            "quantization_config there that was saved with them."
        )
    if unexpected:
        return (
            f"Nothing is lost, but names differ: the weights hold {len(unexpected)} that "
            f"{type(model).__name__} has no place for, {unexpected[0]} first. Save the model again "
            "with save_pretrained, or let `architectures` in config.json name its class."
        )
    return (
        "The files are whole, so they were saved without these: save the model again with "
        "save_pretrained, or use the config.json that was saved with the weights."
    )


def check_vocabulary(name: ModelName, model: Any, tokenizer: Any) -> None:  # noqa: ANN401
    """Raises InputError where the tokenizer has more tokens than the model has embeddings."""
    # Tokens added later, such as a pad token, often have no embedding, and never come up.
    known = vocabulary(model)
    # M2M100's languages are numbered behind its vocabulary, and one comes first in each text.
    size = max(tokenizer.vocab_size, *(number + 1 for number in tokenizer("a")["input_ids"]), 0)
    if known is not None and size > known:
        raise InputError(
            f"The tokenizer of {name.argument} is of another model: it has {size:,} "
            f"tokens, and the model knows {known:,}.",
            "Put the model's own tokenizer files next to its config.json.",
        )


def _computed(model: Any, key: str) -> bool:  # noqa: ANN401 - transformers' own
    """Whether a weight is a table of sinusoids, which transformers makes itself."""
    try:
        owner = model.get_submodule(key.rpartition(".")[0])
    except AttributeError:
        return False
    return "Sinusoidal" in type(owner).__name__


def first_line(error: BaseException) -> str:
    """The first line of an error's message, with the second if it ends in a colon, and a stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    says = lines[0] if lines else type(error).__name__
    if says.endswith(":") and len(lines) > 1:
        says += f" {lines[1]}"
    return says.rstrip(".:") + "."


def _explain(name: ModelName, revision: str | None, error: Exception, packed: str) -> InputError:
    links = list(chain(error))
    classes = {base.__name__ for link in links for base in type(link).__mro__}
    messages = " ".join(str(link) for link in links)
    if "SafetensorError" in classes:
        return InputError(
            f"The weights of {name.argument} are damaged: {first_line(error)}", _AGAIN
        )
    if "trust_remote_code" in messages:
        return InputError(
            f"{name.argument} brings its own code, which attnviz doesn't run unasked.",
            "Pass --trust-remote-code if you have read that code and trust it.",
        )
    if any(out_of_memory(link) for link in links if isinstance(link, Exception)):
        return InputError(f"{name.argument} doesn't fit into memory.", "Try --dtype bfloat16.")
    if "does not recognize this architecture" in messages:
        return InputError(
            f"{name.argument} is of a type that the installed transformers doesn't know.",
            "Upgrade it (pip install --upgrade transformers), or check model_type in config.json.",
        )
    if name.source == "hub":
        return _explain_hub(name, revision, error, classes, messages, packed)
    if name.source == "gguf":
        return InputError(
            f"{name.argument} is damaged, or no GGUF file: {first_line(error)}",
            "Download the file again.",
        )
    return _unloadable(name, error, packed)


def _unloadable(name: ModelName, error: Exception, packed: str) -> InputError:
    if packed and "dispatched on the CPU or the disk" in str(error):
        return InputError(
            f"{name.argument} doesn't fit on the GPUs, and weights quantised by {packed} can't "
            "wait in memory or on disk.",
            "Use --device-map auto with --dtype bfloat16, whose weights can, or 4bit for 8bit.",
        )
    if packed:
        return InputError(
            f"{name.argument} is quantised by {packed}, and can't be loaded here: "
            f"{first_line(error)}",
            "Install what that asks for, or run it on a GPU, which many such models need; or give "
            "the model that it was made from.",
        )
    return InputError(
        f"{name.argument} can't be loaded: {first_line(error)}",
        "Check its config.json: it has to be the one that was saved with the weights.",
    )


def _explain_hub(
    name: ModelName,
    revision: str | None,
    error: Exception,
    classes: set[str],
    messages: str,
    packed: str,
) -> InputError:
    at = f" at revision {revision}" if revision else ""
    if "GatedRepoError" in classes:
        return InputError(
            f"Access to {name.argument} must be asked for on the Hub.",
            "Ask on the model's page, then set HF_TOKEN or run: hf auth login",
        )
    if "RevisionNotFoundError" in classes:
        return InputError(f"{name.argument} has no revision {revision}.", "Check --revision.")
    if classes & {"RepositoryNotFoundError", "HFValidationError"}:
        return InputError(
            f"There is no model {name.argument} on the Hub, nor a folder of that name.",
            "Check the spelling; a private model needs HF_TOKEN.",
        )
    if not classes & _NOT_THERE:
        return _unloadable(name, error, packed)
    if "safetensors" in messages:
        return InputError(
            f"{name.argument}{at} has no safetensors weights, and a pickle can run code.",
            "Choose a revision with safetensors, or pass --allow-pickle if you trust it.",
        )
    return InputError(
        f"There is no folder {name.argument}, no such model{at} in the local cache, and the Hub "
        "can't be reached.",
        "Check the name and the network, unset HF_HUB_OFFLINE, or give a local folder; "
        "`minilm` works offline.",
    )


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error, its cause, the cause of that, and so on."""
    link: BaseException | None = error
    seen: list[BaseException] = []
    while link is not None and link not in seen:
        yield link
        seen.append(link)
        link = link.__cause__ or link.__context__
