import threading
import time

from bot.web.timer import Timer


def test_actions_come_in_the_order_of_their_moments() -> None:
    timer = Timer(monotonic=time.monotonic)
    done, last = [], threading.Event()
    now = time.monotonic()

    def late() -> None:
        done.append("late")
        last.set()

    timer.at(now + 0.03, late)
    timer.at(now + 0.01, lambda: done.append("soon"))
    timer.at(now - 1, lambda: done.append("at once"))

    assert last.wait(2)
    assert done == ["at once", "soon", "late"]
    assert timer.is_alive
    timer.stop()
    assert not timer.is_alive


def test_what_is_still_to_come_is_forgotten_by_a_stop() -> None:
    timer = Timer(monotonic=time.monotonic)
    done: list[int] = []
    timer.at(time.monotonic() + 0.02, lambda: done.append(1))

    timer.stop()

    time.sleep(0.03)
    assert done == []
