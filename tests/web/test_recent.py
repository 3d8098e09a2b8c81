from concurrent.futures import ThreadPoolExecutor

from bot.web.recent import Recent


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_new_once_and_again_after_its_time() -> None:
    watch = Watch()
    recent = Recent(10, monotonic=watch)

    assert [recent.is_new("a"), recent.is_new("a"), recent.is_new("b")] == [True, False, True]
    watch.now = 10
    assert recent.is_new("a")


def test_when_it_is_full_the_oldest_is_forgotten() -> None:
    recent = Recent(10, monotonic=Watch(), most=2)
    for key in "abc":
        recent.is_new(key)

    assert not recent.is_new("c")
    assert recent.is_new("a")


def test_of_many_at_once_one_is_first() -> None:
    recent = Recent(10, monotonic=Watch())

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: recent.is_new("a"), range(100))) == 1
