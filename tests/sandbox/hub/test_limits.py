import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub.limits import Budget, RateLimiter, retry_headers, unix_time
from bot.sandbox.hub.seed import ANA_PAT, BO_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns

NOW = datetime(2026, 11, 21, 12, 0, 0, 500_000, tzinfo=UTC)
PATH = "/v2/namespaces/library/repositories/nginx"

Login = Callable[[str, str], dict[str, str]]


def test_budget_is_spent_and_comes_back_with_the_next_window() -> None:
    clock = SettableClock(NOW)
    limiter = RateLimiter(clock, timedelta(minutes=1))
    end = NOW + timedelta(minutes=1)

    assert limiter.spend("a", 2) == Budget(2, 1, end, is_exceeded=False)
    clock.advance(seconds=30)
    assert limiter.spend("a", 2) == Budget(2, 0, end, is_exceeded=False)
    assert limiter.spend("a", 2) == Budget(2, 0, end, is_exceeded=True)
    clock.advance(seconds=30)
    assert limiter.spend("a", 2) == Budget(2, 1, end + timedelta(minutes=1), is_exceeded=False)


def test_peeking_spends_nothing_and_clients_are_apart() -> None:
    limiter = RateLimiter(SettableClock(NOW), timedelta(minutes=1))
    limiter.spend("a", 1)

    assert limiter.peek("a", 1).is_exceeded
    assert [limiter.peek("b", 1).remaining for _ in range(2)] == [1, 1]


def test_unix_times_are_rounded_up() -> None:
    assert unix_time(NOW) == 1_795_262_401


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("x_retry_after_unix", {"X-Retry-After": "1795262431"}),
        ("retry_after_seconds", {"Retry-After": "30"}),
        ("both", {"X-Retry-After": "1795262431", "Retry-After": "30"}),
        ("neither", {}),
    ],
)
def test_forms_of_the_time_to_return(form: str, headers: dict[str, str]) -> None:
    # Docker Hub API: `X-Retry-After` with a Unix time on the 429s, `Retry-After` with seconds in the general section.
    assert retry_headers(form, NOW + timedelta(seconds=30), NOW) == headers  # type: ignore[arg-type]


def test_every_answer_tells_the_budget(hub: HubSimulator, clock: SettableClock) -> None:
    for spent, path in enumerate(
        (PATH, "/v2/nonsense", "/v2/repositories/library/nginx", "/v2/namespaces/x/repositories")
    ):
        headers = requests.get(f"{hub.url}{path}", timeout=5, allow_redirects=False).headers

        assert headers["X-RateLimit-Limit"] == "180"
        assert headers["X-RateLimit-Remaining"] == str(179 - spent)
        assert headers["X-RateLimit-Reset"] == str(unix_time(clock.now + timedelta(minutes=1)))


@pytest.mark.parametrize("form", ["x_retry_after_unix", "both"])
def test_call_over_the_limit_gets_the_documented_429(state: HubState, clock: SettableClock, form: str) -> None:
    unknowns = Unknowns.model_validate({"retry_after": form})
    with HubSimulator(state, now=clock, rate_limit=2, unknowns=unknowns) as hub:
        statuses = [requests.get(f"{hub.url}{PATH}", timeout=5).status_code for _ in range(2)]
        refused = requests.get(f"{hub.url}{PATH}", timeout=5)
        clock.advance(seconds=60)
        later = requests.get(f"{hub.url}{PATH}", timeout=5)

    assert statuses == [200, 200]
    assert refused.status_code == 429
    assert refused.json() == {"detail": "Rate limit exceeded", "error": False}
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert refused.headers["X-Retry-After"] == refused.headers["X-RateLimit-Reset"]
    assert ("Retry-After" in refused.headers) == (form == "both")
    assert later.status_code == 200


def test_calls_at_once_are_counted_exactly(state: HubState, clock: SettableClock) -> None:
    with HubSimulator(state, now=clock, rate_limit=25) as hub:
        threads = [
            threading.Thread(target=requests.get, args=(f"{hub.url}{PATH}",), kwargs={"timeout": 5}) for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        statuses = [record.status for record in hub.requests]

    assert (statuses.count(200), statuses.count(429)) == (25, 15)


def test_refused_call_changes_nothing(state: HubState, clock: SettableClock) -> None:
    with HubSimulator(state, now=clock, rate_limit=0) as hub:
        body = {"identifier": "ana", "secret": ANA_PAT}
        response = requests.post(f"{hub.url}/v2/auth/token", json=body, timeout=5)

    assert response.status_code == 429
    assert "access_token" not in response.json()


def test_each_account_has_its_own_larger_budget(hub: HubSimulator, login: Login) -> None:
    ana, bo = login("ana", ANA_PAT), login("bo", BO_PAT)

    def left(headers: dict[str, str] | None = None) -> str:
        answer = requests.get(f"{hub.url}{PATH}", headers=headers, timeout=5).headers
        return f"{answer['X-RateLimit-Remaining']} of {answer['X-RateLimit-Limit']}"

    assert [left(ana), left(ana), left(bo)] == ["599 of 600", "598 of 600", "599 of 600"]
    # The two logins were anonymous calls.
    assert left() == "177 of 180"


def test_limit_of_accounts_is_an_open_question(hub: HubSimulator, login: Login) -> None:
    headers = login("ana", ANA_PAT)

    hub.unknowns = Unknowns(authenticated_limit="as_anonymous")
    assert requests.get(f"{hub.url}{PATH}", headers=headers, timeout=5).headers["X-RateLimit-Limit"] == "180"

    hub.unknowns = Unknowns(authenticated_limit="no_headers")
    assert "X-RateLimit-Limit" not in requests.get(f"{hub.url}{PATH}", headers=headers, timeout=5).headers
