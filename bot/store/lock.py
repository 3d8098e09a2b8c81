"""One process at a time: a lock beside a file.

The kernel releases it when its holder dies, however that happens, so nothing is left to clean up; the file stays, since
removing it would let two processes lock two files of the same name.
"""

import fcntl
import os
from pathlib import Path

from bot.store.errors import StoreMisconfiguredError

SUFFIX = ".lock"


class FileLock:
    """Held from the moment it is made until it is closed.

    Args:
        path: The file it stands for.

    Raises:
        StoreMisconfiguredError: Another process (or another store in this one) holds it, or it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        # The database file itself is not touched: closing any descriptor of it would take away SQLite's own locks.
        try:
            self._descriptor = os.open(f"{path}{SUFFIX}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreMisconfiguredError(
                f"The database file {path} cannot be locked: {path.name}{SUFFIX} beside it cannot be made "
                f"({error.strerror})."
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StoreMisconfiguredError(
                f"The database file {path} is in use by process {holder or 'unknown'}: a file serves one process. "
                "Stop that one first; for several, use PostgreSQL."
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    def close(self) -> None:
        """Let the next one in. Later calls do nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
