"""How the figures of a run are shown: one table, each with its bar."""

import platform
import subprocess
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

Row = tuple[str, str, str, bool]
"""What was measured, the figure, the bar, whether it was reached."""

_WIDTH = 140


def show(title: str, rows: Iterable[Row]) -> bool:
    """Print the table; return whether every bar was reached."""
    table = Table(title=f"{title}, {_machine()}")
    for heading in ("what", "measured", "bar", ""):
        table.add_column(heading)
    is_reached = True
    for what, figure, bar, is_good in rows:
        table.add_row(what, figure, bar, "ok" if is_good else "missed")
        is_reached = is_reached and is_good
    Console(width=_WIDTH).print(table)
    return is_reached


def _machine() -> str:
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    return f"Python {platform.python_version()}, {cores} cores, {platform.machine()}"
