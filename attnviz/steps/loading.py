"""Loading: the model of a run, as its settings have it."""

from __future__ import annotations

from attnviz.models import load
from attnviz.models.load import LoadedModel
from attnviz.models.names import ModelName
from attnviz.models.placing import Placing
from attnviz.settings import Settings
from attnviz.stages import Progress


def loaded(
    name: ModelName, settings: Settings, progress: Progress, *, predicts: bool = False
) -> LoadedModel:
    """The model of that name, which `predicts` if its head is loaded. Raises as loading does."""
    where = Placing.of(settings.device, settings.device_map)
    progress.stage("loading model")
    return load.load(
        name,
        revision=settings.revision,
        device=where.device,
        spread=where.spread,
        dtype=settings.dtype,
        allow_pickle=settings.allow_pickle,
        trust_remote_code=settings.trust_remote_code,
        generates=settings.generate > 0,
        predicts=predicts,
    )
