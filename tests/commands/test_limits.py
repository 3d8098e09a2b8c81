from bot.sandbox.hub.faults import Fault
from tests.support.desk import PAT, Desk, open_desk


def test_limits_shows_both_budgets_and_spends_one_request(desk: Desk) -> None:
    said = desk.says("limits")

    assert said[0] == "Rate limits at Docker Hub"
    assert said[1].startswith("API requests: 179 of 180 left in a minute, full again 2026-11-21 09:0")
    assert said[2] == "Image pulls: 10 of 10 left in an hour (no credential)"
    assert [path for path in desk.paths() if "namespaces" in path] == ["GET /v2/namespaces/acme/repositories"]
    assert desk.paths()[-1].startswith("HEAD ")


def test_limits_are_those_of_the_credential_in_use() -> None:
    with open_desk(username="ana", token=PAT) as desk:
        assert desk.says("limits")[2] == "Image pulls: 100 of 100 left in an hour (the PAT of ana)"


def test_one_service_that_is_away_does_not_hide_the_other(desk: Desk) -> None:
    desk.hub.faults.add(Fault(kind="unavailable", path="/token", status=503))

    said = desk.says("limits")

    assert said[1].startswith("API requests: 179 of 180 left")
    assert said[2].startswith("Image pulls: unknown: Docker Hub is not available (HTTP 503)")
    assert desk.ask("limits").is_good


def test_both_away_is_a_failure(desk: Desk) -> None:
    desk.hub.faults.add(Fault(kind="unavailable", status=503))

    assert not desk.ask("limits").is_good
