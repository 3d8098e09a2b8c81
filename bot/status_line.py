"""What a terminal shows while a command runs: that it does, and how far it has come."""

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from bot.progress import Progress

WORKING = "Working…"


class StatusLine:
    """A line that goes when the work is done; nothing where nobody sees it, as in a pipe.

    Args:
        console: Where: not where the answer goes.
    """

    def __init__(self, console: Console) -> None:
        # One thread paints and many may tell; nothing is painted again for every single thing done.
        self._lock = threading.Lock()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._words = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._shown = self._words
        self._task = self._words.add_task(WORKING, total=None)
        self._counted = self._bar.add_task(WORKING, total=None)

    def __enter__(self) -> Self:
        self._shown.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._shown.stop()

    def tell(self, progress: Progress | str) -> None:
        """Show how far it has come: a bar where there is a number to reach. May be called from any thread."""
        with self._lock:
            if isinstance(progress, Progress) and progress.total:
                self._show(self._bar)
                self._bar.update(
                    self._counted, completed=progress.done, total=progress.total, description=progress.what
                )
            else:
                self._show(self._words)
                self._words.update(self._task, description=f"{WORKING} {progress}")

    def _show(self, wanted: Bar) -> None:
        if self._shown is not wanted:
            self._shown.stop()
            self._shown = wanted
            wanted.start()
