"""What the scripts that train the sample models share: the loop, and how a model is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers.utils.logging import disable_progress_bar


def steps(
    model: Any,  # noqa: ANN401 - transformers' own
    batches: Iterator[Mapping[str, torch.Tensor]],
    *,
    count: int,
    rate: float,
    warm_up: int,
) -> Iterator[tuple[int, float]]:
    """Trains a model step by step, each a batch: the step's number, from 1, and its loss.

    The learning rate rises to `rate` in `warm_up` steps, then falls to 0 at the last one.
    """

    def factor(step: int) -> float:
        return min((step + 1) / warm_up, max(0.0, (count - step) / (count - warm_up)))

    optimizer = torch.optim.Adam(model.parameters(), lr=rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    model.train()
    for step, batch in zip(range(1, count + 1), batches, strict=False):
        loss = model(**batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield step, float(loss.item())
    model.eval()


def save(model: Any, tokenizer: Any, out: Path) -> None:  # noqa: ANN401 - transformers' own
    """Writes the model and its tokenizer, the latter under the name that every version knows."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    tokenizer.save_pretrained(out)
    file = out / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    file.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
