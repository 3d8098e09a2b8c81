import io
import threading

from rich.console import Console

from bot.progress import Progress
from bot.status_line import StatusLine


def shown(told: list[Progress | str], *, is_terminal: bool) -> str:
    output = io.StringIO()
    console = Console(file=output, force_terminal=is_terminal, width=80)
    with StatusLine(console) as status:
        for each in told:
            status.tell(each)
    return output.getvalue()


def test_a_number_to_reach_is_a_bar() -> None:
    seen = shown([Progress(120, 1000, "repositories read")], is_terminal=True)

    assert "repositories read" in seen
    assert "120/1000" in seen
    assert "━" in seen


def test_words_and_numbers_without_an_end_are_words() -> None:
    seen = shown(["asking Docker Hub", Progress(7, None, "tags read")], is_terminal=True)

    assert "Working… 7 tags read" in seen
    assert "━" not in seen


def test_markup_in_words_is_shown_as_it_is() -> None:
    assert "[bold]acme[/bold]" in shown(["[bold]acme[/bold]"], is_terminal=True)


def test_nothing_is_shown_where_nobody_sees_it() -> None:
    assert shown([Progress(1, 2, "tags read"), "done"], is_terminal=False) == ""


def test_many_threads_may_tell_at_once() -> None:
    output = io.StringIO()
    with StatusLine(Console(file=output, force_terminal=True, width=80)) as status:

        def tell() -> None:
            for done in range(50):
                status.tell(Progress(done, 50, "tags read"))

        tellers = [threading.Thread(target=tell) for _ in range(4)]
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join()
        status.tell(Progress(50, 50, "tags read"))

    assert "50/50" in output.getvalue()
