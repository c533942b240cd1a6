"""Illustrating what was measured before: the same model runs over the same sentences once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from attnviz.errors import InputError, UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.pilot import Fit
from attnviz.models.load import LoadedModel
from attnviz.report.model import Report
from attnviz.settings import Dtype, Settings, checked
from attnviz.stages import Progress
from attnviz.steps.illustrate import Illustrating, illustrate
from attnviz.steps.measure import Extent, Measured, Measurer, source
from attnviz.steps.stream import StreamRun

CLOSE, CLOSE_IN_HALF = 1e-3, 3e-2
"""Habits of heads that were fitted twice on the same sentences differ by no more of the largest:
processors and kernels round differently, and more so in half precision."""


class Sample(Illustrating, Extent, Protocol):
    """Sentences that illustrate, and how much of them is measured together."""


def settings_of(measurement: Measurement, settings: Settings) -> Settings:
    """The settings that the model ran with; what shapes no sums is as it is set now."""
    if (known := measurement.source) is None:
        raise UsageError("The measurement is empty.", "Measure a text first.")
    ran = {"dtype": known.model.dtype} if known.model.dtype in get_args(Dtype) else {}
    given = {"dtype": settings.dtype} if settings.dtype != "auto" else {}
    return replace(
        settings,
        **checked({**known.settings, **ran, **given}, str),
        revision=settings.revision or known.model.revision or None,
    )


class Again:
    """A measurement and the run over its `sample` that illustrates it.

    The sample is the measurement's own pilot, or, where that is from another text (`fitted`
    elsewhere), sentences of this one. Raises InputError where the model is not the one that was
    measured, or where the sample does not fit into memory.
    """

    def __init__(
        self,
        measurement: Measurement,
        sample: Sample,
        loaded: LoadedModel,
        settings: Settings,
        progress: Progress,
        most: int | None = None,
    ) -> None:
        self._measurement, self._sample = measurement, sample
        _check_source(measurement, loaded, settings)
        self._measurer = Measurer(loaded, sample, settings, most)
        progress.stage("measuring examples", len(sample.pilot))
        self._runs = self._measurer.runs(sample.pilot, progress.advance, pilot=True)
        if _is_pilot(measurement, sample):
            _check_fits(measurement, self._runs)

    def illustrated(self, report: Report) -> Report:
        """The report of the measurement with its sentences, examples and pictures."""
        measured = Measured(self._measurement, self._runs)
        return illustrate(report, measured, self._sample, self._measurer)


def _check_source(measurement: Measurement, loaded: LoadedModel, settings: Settings) -> None:
    """Raises InputError for a model, settings or a version that make other sums."""
    known = measurement.source
    if known is not None and (what := known.difference(source(loaded, settings))):
        name, _, values = what.partition(" ")
        before, _, now = values.partition(" and ")
        raise InputError(
            f"It was measured with another {name}: {before or 'none'}, and now {now or 'none'}.",
            "Name the model that was measured.",
        )


def _is_pilot(measurement: Measurement, sample: Sample) -> bool:
    """Whether baselines were fitted on these very sentences."""
    digests = np.array([tokens.sentence.digest for tokens in sample.pilot.tokens], np.uint64)
    key = len(digests), int(digests.sum())
    return measurement.pilot is not None and measurement.pilot.key == key


def _check_fits(measurement: Measurement, runs: tuple[StreamRun, ...]) -> None:
    """Raises InputError where heads have other habits than those that were measured.

    A folder has no revision, so a model that was trained further is known by what it does.
    """
    fitted = measurement.pilot.fits if measurement.pilot else {}
    exact = measurement.source is not None and measurement.source.model.dtype == "float32"
    for run in runs:
        if not _alike(fitted[run.stream], run.fits(), CLOSE if exact else CLOSE_IN_HALF):
            raise InputError(
                "The model's heads do other things than when it was measured.",
                "Its weights have changed: measure again.",
            )


def _alike(before: Mapping[str, Fit], now: Mapping[str, Fit], close: float) -> bool:
    """Whether both learned the same numbers; choices may differ between near equals."""
    return before.keys() == now.keys() and all(
        array.shape == now[name].arrays[of].shape and _near(array, now[name].arrays[of], close)
        for name, fit in before.items()
        for of, array in fit.arrays.items()
        if np.issubdtype(array.dtype, np.floating)
    )


def _near(before: NDArray[Any], now: NDArray[Any], close: float) -> bool:
    most = float(np.nanmax(np.abs(before), initial=0.0))
    return bool(np.allclose(before, now, rtol=0.0, atol=close * most, equal_nan=True))
