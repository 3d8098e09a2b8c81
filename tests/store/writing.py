"""A process of its own that writes until it is killed: `python -m tests.store.writing URL`.

Prints the name of each event once the store has said that it is kept; several threads write at once.
"""

import itertools
import sys
import threading

from bot.store.engine import open_store
from bot.store.migrations import upgrade
from tests.store.rows import add

THREADS = 4


def main(url: str) -> None:
    store = open_store(url, exclusive=True)
    upgrade(store)

    def write(thread: int) -> None:
        for number in itertools.count():
            store.write(lambda connection, name=f"{thread}-{number}": add(connection, name))  # type: ignore[misc]
            sys.stdout.write(f"e{thread}-{number}\n")
            sys.stdout.flush()

    threads = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
