"""Authorised calls: which credential, what follows a 401, 403 or 404, and what is said."""

import logging
from collections.abc import Callable

import pytest

from bot.clock import FrozenClock
from bot.errors import (
    ForbiddenError,
    HubError,
    InvalidError,
    NoCredentialError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from bot.hub.api import Call
from bot.hub.auth import Credential, Operation
from bot.hub.bearers import REFUSED_SECONDS
from bot.hub.protocol import Answer
from bot.hub.retrying import Failure, Mishap, Outcome
from tests.hub.support import (
    NOW,
    OAT_OF_ACME,
    PASSWORD_OF_ANA,
    PAT,
    PAT_OF_ANA,
    FakeWire,
    Sent,
    json_answer,
    jwt,
    make_api,
)

READ = Call(Operation.READ_REPOSITORY, "acme", "acme/api", "/v2/x")
WRITE = Call(Operation.WRITE_REPOSITORY, "acme", "acme/api", "/v2/x", method="PATCH", body={"description": "x"})
LOGIN = "/v2/auth/token"
UNAUTHORIZED = json_answer({"detail": "Incorrect authentication credentials"}, 401)
FORBIDDEN = json_answer({"detail": "insufficient scope"}, 403)
NOT_FOUND = json_answer({"detail": "Object not found"}, 404)
OK = json_answer({"name": "api"})


class Service:
    """A little Docker Hub: logs in, and answers by who asks."""

    def __init__(self) -> None:
        self.login: Callable[[], Outcome] = self.give_bearer
        self.data: Callable[[str], Outcome] = lambda _: OK
        self.valid: dict[str, str] = {}
        self.count = 0
        self.asked: list[str] = []

    def __call__(self, sent: Sent) -> Outcome:
        if sent.request.path == LOGIN:
            self.asked.append(f"login {sent.request.body['identifier']}")
            self.identifier = sent.request.body["identifier"]
            return self.login()
        who = "nobody" if sent.bearer is None else self.valid.get(sent.bearer, "stale")
        self.asked.append(who)
        return UNAUTHORIZED if who == "stale" else self.data(who)

    def give_bearer(self) -> Outcome:
        self.count += 1
        bearer = jwt(serial=self.count)
        self.valid[bearer] = self.identifier
        return json_answer({"access_token": bearer})

    def by_caller(self, **answers: Outcome) -> None:
        """Answer each caller, by identifier, with something of their own."""
        self.data = answers.__getitem__


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def wire(service: Service) -> FakeWire:
    return FakeWire(service, FrozenClock(NOW))


def fails(wire: FakeWire, call: Call, *credentials: Credential) -> HubError:
    with pytest.raises(HubError) as raised:
        make_api(wire, *credentials).send(call)
    return raised.value


def test_anonymous_call_never_logs_in(service: Service, wire: FakeWire) -> None:
    reply = make_api(wire).send(READ)

    assert reply.answer is OK
    assert reply.credential == "no credential"
    assert service.asked == ["nobody"]
    assert wire.sent[0].headers == {}


def test_credential_is_exchanged_for_a_bearer_once(service: Service, wire: FakeWire) -> None:
    api = make_api(wire, PAT_OF_ANA)

    assert [api.send(READ).credential for _ in range(3)] == ["the PAT of ana"] * 3
    assert service.asked == ["login ana", "ana", "ana", "ana"]
    assert wire.sent[0].request.body == {"identifier": "ana", "secret": PAT}
    assert all(PAT not in str(sent.headers) for sent in wire.sent)


def test_token_of_the_organization_is_preferred_for_its_namespace_only(service: Service, wire: FakeWire) -> None:
    api = make_api(wire, PAT_OF_ANA, OAT_OF_ACME)

    api.send(READ)
    api.send(Call(Operation.READ_REPOSITORY, "library", "nginx", "/v2/y"))

    assert service.asked == ["login acme", "acme", "login ana", "ana"]


def test_bearer_that_ended_early_is_replaced_and_the_call_repeated_once(service: Service, wire: FakeWire) -> None:
    api = make_api(wire, PAT_OF_ANA)
    api.send(READ)
    service.valid.clear()

    assert api.send(READ).answer is OK
    assert service.asked == ["login ana", "ana", "stale", "login ana", "ana"]


def test_write_is_sent_once_even_after_a_401_and_the_next_one_has_a_new_bearer(
    service: Service, wire: FakeWire
) -> None:
    api = make_api(wire, PAT_OF_ANA)
    api.send(READ)
    service.valid.clear()

    with pytest.raises(UnauthorizedError):
        api.send(WRITE)
    assert service.asked[-1:] == ["stale"]

    assert api.send(WRITE).answer is OK
    assert service.asked[-2:] == ["login ana", "ana"]


@pytest.mark.parametrize("answer", [UNAUTHORIZED, json_answer({}, 403), json_answer({"detail": "bad"}, 400)])
def test_refused_login_leaves_public_data_readable(
    service: Service, wire: FakeWire, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    service.login = lambda: answer
    api = make_api(wire, PAT_OF_ANA)

    with caplog.at_level(logging.WARNING):
        replies = [api.send(READ) for _ in range(3)]

    assert service.asked == ["login ana", "nobody", "nobody", "nobody"]
    assert replies[0].credential == "no credential, because Docker Hub refuses the PAT of ana"
    assert [record.message for record in caplog.records] == ["hub_credential_not_usable"]
    status = api.status("acme")
    assert status.refusal == "Docker Hub refuses the PAT of ana: public data only."
    assert status.hidden == "Private repositories are not shown: Docker Hub refuses the PAT of ana."


def test_refused_login_is_tried_again_after_five_minutes(service: Service, wire: FakeWire) -> None:
    clock = FrozenClock(NOW)
    service.login = lambda: UNAUTHORIZED
    api = make_api(wire, PAT_OF_ANA, clock=clock)
    api.send(READ)
    service.login = service.give_bearer

    # Reading meanwhile must not put it off.
    for _ in range(6):
        clock.advance(REFUSED_SECONDS / 6)
        api.send(READ)

    assert service.asked[-2:] == ["login ana", "ana"]
    assert api.status("acme").refusal == ""


@pytest.mark.parametrize(
    "trouble",
    [Failure(Mishap.NOT_CONNECTED), Failure(Mishap.LOST), Failure(Mishap.NOT_JSON, 200), Answer(503), Answer(500), OK],
)
def test_login_that_does_not_work_leaves_public_data_readable(
    service: Service, wire: FakeWire, trouble: Outcome
) -> None:
    service.login = lambda: trouble
    api = make_api(wire, PAT_OF_ANA)

    assert api.send(READ).answer is OK
    assert api.status("acme").refusal == "Docker Hub's login does not answer for the PAT of ana: public data only."


def test_limited_login_is_a_limited_call(service: Service, wire: FakeWire) -> None:
    service.login = lambda: Answer(429, {"Retry-After": "60"}, b"{}")

    assert isinstance(fails(wire, READ, PAT_OF_ANA), RateLimitedError)
    assert service.asked == ["login ana"]


def test_fresh_bearer_refused_for_public_data_is_remembered(service: Service, wire: FakeWire) -> None:
    service.by_caller(ana=UNAUTHORIZED, nobody=OK)
    api = make_api(wire, PAT_OF_ANA)

    assert api.send(READ).answer is OK
    assert service.asked == ["login ana", "ana", "login ana", "ana", "nobody"]
    assert api.send(READ).answer is OK
    assert service.asked[5:] == ["nobody"]
    assert api.status("acme").refusal == "Docker Hub refuses the PAT of ana: public data only."


def test_fresh_bearer_refused_for_something_private_is_kept(service: Service, wire: FakeWire) -> None:
    service.by_caller(ana=UNAUTHORIZED, nobody=UNAUTHORIZED)
    api = make_api(wire, PAT_OF_ANA)
    with pytest.raises(UnauthorizedError):
        api.send(READ)
    service.by_caller(ana=OK)

    assert api.send(READ).credential == "the PAT of ana"
    assert api.status("acme").refusal == ""


def test_not_found_without_the_refused_credential_says_so(service: Service, wire: FakeWire) -> None:
    service.login = lambda: UNAUTHORIZED
    service.by_caller(nobody=NOT_FOUND)

    error = fails(wire, READ, PAT_OF_ANA)

    assert isinstance(error, NotFoundError)
    assert "asked with no credential, because Docker Hub refuses the PAT of ana" in str(error)


def test_anonymous_401_asks_for_a_login(service: Service, wire: FakeWire) -> None:
    service.by_caller(nobody=UNAUTHORIZED)

    error = fails(wire, READ)

    assert isinstance(error, UnauthorizedError)
    assert str(error).startswith("Docker Hub wants a login for acme/api (asked with no credential).")


def test_read_that_a_token_may_not_do_is_tried_with_the_next_credential(service: Service, wire: FakeWire) -> None:
    service.by_caller(acme=FORBIDDEN, ana=OK)
    api = make_api(wire, OAT_OF_ACME, PAT_OF_ANA)

    assert api.send(READ).credential == "the PAT of ana"
    assert api.status("acme").refusal == ""


def test_read_that_nobody_may_do_reports_the_first_refusal(service: Service, wire: FakeWire) -> None:
    service.by_caller(acme=FORBIDDEN, ana=NOT_FOUND, nobody=NOT_FOUND)

    error = fails(wire, READ, OAT_OF_ACME, PAT_OF_ANA)

    assert isinstance(error, ForbiddenError)
    assert error.credential == "the organization token of acme"


def test_forbidden_once_does_not_discard_the_credential(service: Service, wire: FakeWire) -> None:
    service.by_caller(ana=FORBIDDEN, nobody=NOT_FOUND)
    api = make_api(wire, PAT_OF_ANA)
    with pytest.raises(ForbiddenError):
        api.send(READ)
    service.by_caller(ana=OK)

    assert api.send(READ).credential == "the PAT of ana"
    assert service.asked == ["login ana", "ana", "nobody", "ana"]


def test_what_one_credential_cannot_see_another_may(service: Service, wire: FakeWire) -> None:
    service.by_caller(acme=NOT_FOUND, ana=OK)

    assert make_api(wire, OAT_OF_ACME, PAT_OF_ANA).send(READ).answer is OK


def test_nobody_is_asked_after_a_credential_saw_nothing(service: Service, wire: FakeWire) -> None:
    service.by_caller(ana=NOT_FOUND)

    error = fails(wire, READ, PAT_OF_ANA)

    assert isinstance(error, NotFoundError)
    assert error.credential == "the PAT of ana"
    assert service.asked == ["login ana", "ana"]


def test_only_reads_are_made_for_the_json_they_bring(service: Service, wire: FakeWire) -> None:
    api = make_api(wire, OAT_OF_ACME)

    api.send(READ)
    api.send(WRITE)

    assert [sent.request.expects_json for sent in wire.sent] == [True, True, False]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(FORBIDDEN, ForbiddenError), (NOT_FOUND, NotFoundError), (UNAUTHORIZED, UnauthorizedError)],
)
def test_write_never_falls_back(service: Service, wire: FakeWire, answer: Answer, kind: type[HubError]) -> None:
    service.by_caller(acme=answer)

    error = fails(wire, WRITE, OAT_OF_ACME, PAT_OF_ANA)

    assert type(error) is kind
    assert error.credential == "the organization token of acme"
    assert "nobody" not in service.asked
    assert "ana" not in service.asked


def test_write_with_a_refused_credential_is_unauthorized(service: Service, wire: FakeWire) -> None:
    service.login = lambda: UNAUTHORIZED

    error = fails(wire, WRITE, PAT_OF_ANA)

    assert isinstance(error, UnauthorizedError)
    assert (error.resource, error.credential) == ("acme/api", "the PAT of ana")
    assert service.asked == ["login ana"]


def test_write_without_a_login_is_unavailable(service: Service, wire: FakeWire) -> None:
    service.login = lambda: Answer(503)

    assert isinstance(fails(wire, WRITE, PAT_OF_ANA), UnavailableError)


def test_write_without_a_credential_sends_nothing(wire: FakeWire) -> None:
    assert isinstance(fails(wire, WRITE), NoCredentialError)
    assert wire.sent == []


def test_refused_values_are_named(service: Service, wire: FakeWire) -> None:
    service.by_caller(acme=json_answer({"fields": {"description": ["Too long"]}, "text": "Bad"}, 400))

    error = fails(wire, WRITE, OAT_OF_ACME)

    assert isinstance(error, InvalidError)
    assert error.fields == {"description": "Too long"}


def test_secret_that_the_service_repeats_stays_out_of_the_error(service: Service, wire: FakeWire) -> None:
    secret = PASSWORD_OF_ANA.secret.get_secret_value()
    service.login = lambda: json_answer({"detail": f"no such password: {secret}"}, 401)
    call = Call(Operation.MANAGE_PERSONAL_TOKENS, None, "the tokens of ana", "/v2/access-tokens")

    error = fails(wire, call, PASSWORD_OF_ANA)

    assert error.detail == "no such password: [redacted]"
    assert secret not in f"{error} {error!r}"


def test_status_before_anything_was_asked_names_what_will_be_used(wire: FakeWire) -> None:
    api = make_api(wire, OAT_OF_ACME, PAT_OF_ANA)

    assert api.status("acme").credential == "the organization token of acme"
    assert api.status("other").credential == "the PAT of ana"
    assert make_api(wire).status("acme").credential == "no credential"
    assert wire.sent == []


def test_status_says_what_is_used_instead_of_a_refused_credential(service: Service, wire: FakeWire) -> None:
    service.login = lambda: UNAUTHORIZED if service.identifier == "acme" else service.give_bearer()
    api = make_api(wire, OAT_OF_ACME, PAT_OF_ANA)
    api.send(READ)

    status = api.status("acme")

    assert status.credential == "the PAT of ana"
    assert status.refusal == "Docker Hub refuses the organization token of acme: the PAT of ana is used instead."
    assert status.hidden == "Private repositories may be missing: the PAT of ana shows only those that ana may see."


def test_twin_of_another_patience_shares_bearers_and_budgets(service: Service, wire: FakeWire) -> None:
    api = make_api(wire, PAT_OF_ANA)
    twin = api.with_wait(None)

    api.send(READ)
    twin.send(READ)

    assert service.asked == ["login ana", "ana", "ana"]
    assert (api.patience().is_endless, twin.patience().is_endless) == (False, True)
