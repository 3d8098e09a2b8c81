from collections.abc import Iterable
from dataclasses import replace

import pytest

from bot.chat.router import answer
from bot.doctor.examination import Check, Doctor, Finding, Verdict
from bot.errors import UserError
from bot.governance.roles import Role
from commands import doctor
from tests.support.desk import Desk, spoken

FINDINGS = (
    Finding("Program", Verdict.WORKS, "Hub Bot 1 on Python 3."),
    Finding("Slack token", Verdict.BROKEN, "Slack refuses it.", "Set SLACK_BOT_TOKEN."),
    Finding("Clock", Verdict.UNKNOWN, "Docker Hub does not tell the time."),
    Finding("Secrets at rest", Verdict.OFF, "Nothing secret can be stored.", "Run `hub-bot db new-key`."),
    Finding("Database", Verdict.WORKS, "bot.db can be written."),
)


def examined(desk: Desk, findings: Iterable[Finding]) -> doctor.DoctorResult:
    context = replace(desk.context(), doctor=Doctor([Check("all", lambda: findings)]))
    result = doctor.run(doctor.parse({}), context)
    assert isinstance(result, doctor.DoctorResult)
    return result


def test_what_is_broken_comes_first_and_what_is_in_order_last(desk: Desk) -> None:
    said = spoken(doctor.render(examined(desk, FINDINGS)))

    assert said == [
        "Doctor",
        "- Slack token: broken. Slack refuses it. Set SLACK_BOT_TOKEN.",
        "- Clock: unknown. Docker Hub does not tell the time.",
        "- Secrets at rest: off. Nothing secret can be stored. Run hub-bot db new-key.",
        "- Program: works. Hub Bot 1 on Python 3.",
        "- Database: works. bot.db can be written.",
        "1 broken, 1 unknown, 1 off, 2 in order.",
    ]


def test_the_answer_is_no_only_if_something_is_broken(desk: Desk) -> None:
    assert examined(desk, FINDINGS).is_negative
    assert not examined(desk, [each for each in FINDINGS if each.verdict is not Verdict.BROKEN]).is_negative


def test_json_tells_everything_in_its_order(desk: Desk) -> None:
    told = examined(desk, FINDINGS).model_dump(mode="json")

    assert [finding["verdict"] for finding in told["findings"]] == ["works", "broken", "unknown", "off", "works"]
    assert told["findings"][1]["advice"] == "Set SLACK_BOT_TOKEN."


def test_it_is_for_operators() -> None:
    assert doctor.COMMAND.role is Role.OPERATOR


def test_where_there_is_nothing_to_look_at_it_says_so(desk: Desk) -> None:
    with pytest.raises(UserError, match="run `hub-bot doctor`"):
        doctor.run(doctor.parse({}), replace(desk.context(), doctor=None))


def test_it_is_asked_by_its_name(desk: Desk) -> None:
    parsed = desk.router.parse("doctor")

    assert parsed.command.name == "doctor"
    assert answer(parsed, replace(desk.context(), doctor=Doctor([]))).failure is None
