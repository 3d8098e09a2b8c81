"""A short run of what `make chaos` does with digests. How many kills met one who was deciding is seen in the long one.

In a process of its own, because it forks.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(120)
def test_each_date_is_decided_once_by_replicas_that_are_killed(postgresql_url: str) -> None:
    words = ("--days", "2", "--seed", "20261121", "--database", postgresql_url)

    run = subprocess.run(
        [sys.executable, "-m", "tests.chaos.digests", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert " 8 " in run.stdout  # Four digests on two days.
