"""What `seqloom export` says where it cannot export."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seqloom.errors import DependencyError


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "onnx" or each.startswith("seqloom.export")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    from seqloom.export import export_model  # noqa: PLC0415 - as on a machine without onnx

    with pytest.raises(DependencyError, match="onnx") as caught:
        export_model(tmp_path)
    assert "[export]" in (caught.value.hint or "")
