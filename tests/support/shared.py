"""The reference data that lies beside the repository in CI, and is absent from a user's clone."""

import os
from pathlib import Path

import pytest

_BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[3] / "shared"
_REFERENCE = Path(os.environ.get("SHARED_FOLDER", _BESIDE_THE_REPOSITORY)) / "reference"


def shared_file(name: str) -> Path:
    """Return a file of the shared reference; skip the test, with the reason, where it is not there."""
    path = _REFERENCE / name
    if not path.exists():
        pytest.skip(f"the reference file {name} is not beside the repository; SHARED_FOLDER can name its folder")
    return path
