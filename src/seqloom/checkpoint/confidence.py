"""Reading and writing of a model folder's calibration (confidence.json). This module does not need torch."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.adding import add_file
from seqloom.checkpoint.files import place_of, text_writer
from seqloom.checkpoint.format import read_json_object
from seqloom.checkpoint.reading import read_manifest
from seqloom.confidence import AnyCalibration, Calibration, LabelCalibration
from seqloom.confidence.labels import KIND


def add_calibration(folder: Path, calibration: AnyCalibration) -> Path:
    """Add a calibration to a model folder, replacing an earlier one; it must have been fitted to this model."""
    return add_file(folder, layout.CONFIDENCE, text_writer(calibration.to_json()), read_manifest(folder))


def read_calibration(folder: Path, names: Container[str]) -> AnyCalibration | None:
    """Read the calibration of a folder whose files are `names`; None if it has none.

    Raises a `ModelFolderError` if the file is not a calibration.
    """
    if layout.CONFIDENCE not in names:
        return None
    where = str(folder / layout.CONFIDENCE)
    values = read_json_object(place_of(folder, layout.CONFIDENCE).read_text(encoding="utf-8"), where)
    kind = LabelCalibration if values.get("kind") == KIND else Calibration
    return kind.from_values(values, where)
