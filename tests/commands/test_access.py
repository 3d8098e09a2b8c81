"""Who may do what, and how that is changed."""

from collections.abc import Iterator

import pytest

from bot.chat.changing import ASK, ChangeResult
from bot.chat.forms import InputNeeded
from bot.errors import DeliveryError, UsageError
from bot.governance.access import CHANGED, LAST_ADMIN, read_grants
from bot.governance.proposals import State
from bot.governance.roles import Person, Role
from bot.governance.trail import Search
from tests.support.governing import ANA, BEA, GIL, MAX, OLA, TEAM, GovernedDesk, lines, open_governed_desk

NO_RIGHT_FOR_GUESTS = (
    "`U0GIL` is a guest, a bot, a deactivated account, or of another organization: none of these can have a right."
)


@pytest.fixture
def desk() -> Iterator[GovernedDesk]:
    """ANA is an admin and OLA an operator by the settings, MAX and BEA are members, GIL is a guest."""
    with open_governed_desk() as opened:
        yield opened


def role(desk: GovernedDesk, user_id: str) -> Role:
    return desk.roles.resolve(Person(user_id, TEAM))


def grant(desk: GovernedDesk, words: str) -> None:
    said = desk.press(desk.ask(f"access grant {words}"), "Grant")
    assert said.is_good, said.document


def make_admin(desk: GovernedDesk, subject: str) -> None:
    """Have the only admin there is make another one, which they have to confirm."""
    said = desk.press(desk.ask(f"access grant {subject} admin"), "Grant", typed=subject)
    assert said.is_good, said.document


@pytest.mark.parametrize("typed", ["<@U0MAX>", "<@U0MAX|max>", "U0MAX", "@U0MAX"])
def test_a_right_is_granted_to_somebody_who_is_mentioned(desk: GovernedDesk, typed: str) -> None:
    assert role(desk, MAX) is Role.MEMBER

    asked = desk.ask(f"access grant {typed} operator")

    assert role(desk, MAX) is Role.MEMBER
    assert lines(asked) == [
        "Make U0MAX an operator of Hub Bot",
        "This is about U0MAX.",
        "Hub Bot: grant operator to person U0MAX",
    ]
    done = desk.press(asked, "Grant")
    assert "Done: Make U0MAX an operator of Hub Bot." in lines(done)
    assert role(desk, MAX) is Role.OPERATOR
    assert [(each.subject, each.role, each.granted_by) for each in read_grants(desk.store)] == [
        (MAX, Role.OPERATOR, ANA)
    ]


def test_a_user_group_can_be_granted_a_right(desk: GovernedDesk) -> None:
    asked = desk.ask("access grant <!subteam^S0OPS|@ops> admin")
    done = desk.press(asked, "Grant", typed="S0OPS")

    assert done.is_good
    assert role(desk, MAX) is Role.ADMIN
    assert desk.roles.admins() == {ANA, OLA, MAX}


def test_somebody_has_one_right_by_grant_the_last(desk: GovernedDesk) -> None:
    grant(desk, "U0MAX operator")
    asked = desk.ask("access grant U0MAX admin")

    assert "Until now it was granted to be an operator." in lines(asked)
    desk.press(asked, "Grant", typed=MAX)
    assert role(desk, MAX) is Role.ADMIN
    assert len(read_grants(desk.store)) == 1


def test_a_granted_right_is_revoked(desk: GovernedDesk) -> None:
    grant(desk, "U0MAX operator")

    done = desk.press(desk.ask("access revoke <@U0MAX>"), "Revoke")

    assert done.is_good
    assert role(desk, MAX) is Role.MEMBER
    assert read_grants(desk.store) == ()


def test_the_only_admin_confirms_that_there_will_be_another(desk: GovernedDesk) -> None:
    asked = desk.ask("access grant U0MAX admin")

    assert lines(asked)[-1] == "access.grant.admin needs a second person, and you are the only admin."
    assert isinstance(desk.press(asked, "Grant").failure, InputNeeded)
    assert isinstance(desk.press(asked, "Grant", typed="max").failure, InputNeeded)
    assert role(desk, MAX) is Role.MEMBER
    assert desk.press(asked, "Grant", typed=MAX).is_good
    assert role(desk, MAX) is Role.ADMIN


def test_where_there_are_more_another_admin_approves_of_one_more(desk: GovernedDesk) -> None:
    make_admin(desk, BEA)

    waits = desk.press(desk.ask("access grant U0MAX admin"), ASK)

    assert lines(waits)[:-1] == [
        "This is about U0MAX.",
        "Waits for approval: Make U0MAX an admin of Hub Bot.",
        "U0BEA can approve it until 2026-11-22 09:00 UTC.",
        "access.grant.admin needs a second person.",
    ]
    assert role(desk, MAX) is Role.MEMBER
    assert desk.approve(waits, BEA).state is State.DONE
    assert role(desk, MAX) is Role.ADMIN


@pytest.mark.parametrize("words", ["revoke U0MAX", "grant U0MAX operator"])
def test_an_admin_is_taken_that_right_only_with_anothers_approval(desk: GovernedDesk, words: str) -> None:
    make_admin(desk, MAX)

    waits = desk.press(desk.ask(f"access {words}"), ASK)

    assert "access.revoke.admin needs a second person." in lines(waits)
    assert role(desk, MAX) is Role.ADMIN
    assert desk.approve(waits, MAX).state is State.DONE
    assert role(desk, MAX) < Role.ADMIN


@pytest.mark.parametrize(("words", "label"), [("revoke U0MAX", "Revoke"), ("grant U0MAX operator", "Grant")])
def test_what_was_shown_of_somebody_who_became_an_admin_since_is_not_done(
    desk: GovernedDesk, words: str, label: str
) -> None:
    if label == "Revoke":
        grant(desk, "U0MAX operator")
    shown = desk.ask(f"access {words}")
    make_admin(desk, MAX)

    refused = desk.press(shown, label)

    assert isinstance(refused.result, ChangeResult)
    assert (refused.result.state, refused.result.sentence) == (State.FAILED, CHANGED.format(subject=MAX))
    assert role(desk, MAX) is Role.ADMIN


def test_each_change_of_rights_is_in_the_trail(desk: GovernedDesk) -> None:
    make_admin(desk, MAX)
    desk.approve(desk.press(desk.ask("access revoke U0MAX"), ASK), MAX)

    found = desk.trail.lines(Search(verb="access")).lines

    assert {(each.event, each.actor, each.decided_by, each.subject, each.summary) for each in found} == {
        ("done", ANA, None, MAX, "Make U0MAX an admin of Hub Bot"),
        ("done", ANA, MAX, MAX, "Let U0MAX no longer be an admin of Hub Bot by grant"),
    }


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("access grant U0ANA admin", "`U0ANA` has that right already: `HUB_BOT_ADMINS` names them."),
        ("access grant U0ANA operator", "`U0ANA` has that right already: `HUB_BOT_ADMINS` names them."),
        ("access grant U0OLA operator", "`U0OLA` has that right already: `HUB_BOT_OPERATORS` names them."),
        ("access grant U0NOBODY admin", "Slack knows no person `U0NOBODY`."),
        ("access grant S0NONE admin", "Slack knows no user group `S0NONE`."),
        (
            "access grant U0GIL operator",
            NO_RIGHT_FOR_GUESTS,
        ),
        ("access revoke U0ANA", "`HUB_BOT_ADMINS` names `U0ANA`: whoever runs the bot changes it there."),
        ("access revoke U0MAX", "`U0MAX` was granted nothing."),
    ],
)
def test_what_would_change_nothing_or_must_not_be_is_refused(desk: GovernedDesk, typed: str, said: str) -> None:
    assert str(desk.ask(typed).failure) == said
    assert read_grants(desk.store) == ()


def test_a_right_by_a_group_is_not_revoked_from_its_member(desk: GovernedDesk) -> None:
    grant(desk, "S0OPS operator")

    assert str(desk.ask("access revoke U0MAX").failure) == (
        "`U0MAX` has the right by the user group `S0OPS`: take them out of it in Slack."
    )


def test_what_stays_after_a_revocation_is_said(desk: GovernedDesk) -> None:
    grant(desk, "S0OPS operator")
    make_admin(desk, OLA)

    asked = desk.ask("access revoke U0OLA")

    assert "Rights by the user group S0OPS and HUB_BOT_OPERATORS stay." in lines(asked)
    desk.approve(desk.press(asked, ASK), OLA)
    assert role(desk, OLA) is Role.OPERATOR


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("access grant @bob operator", "I cannot tell who `@bob` is"),
        ("access @bob", "I cannot tell who `@bob` is"),
        ("access grant U0MAX owner", "`owner` cannot be granted; `operator` and `admin` can."),
        ("access grant U0MAX", "`access grant` needs a person, and `operator` or `admin`."),
        ("access revoke", "`access revoke` needs a person."),
        ("access revoke U0MAX U0OLA", "`access revoke` needs a person."),
        ("access gran U0MAX admin", "`access` does not know `gran`"),
    ],
)
def test_what_cannot_be_understood_is_said(desk: GovernedDesk, typed: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("`", ".")):
        desk.ask(typed)


def test_the_last_admin_stays_one_unless_the_machines_owner_wants_otherwise() -> None:
    with open_governed_desk(admins=frozenset(), operators=frozenset({OLA})) as desk:
        desk.as_(None)
        grant(desk, "U0BEA admin")
        desk.as_(BEA)

        for typed, label in (("access revoke U0BEA", "Revoke"), ("access grant U0BEA operator", "Grant")):
            refused = desk.press(desk.ask(typed), label, typed=BEA)
            assert isinstance(refused.result, ChangeResult)
            assert (refused.result.state, refused.result.sentence) == (State.FAILED, LAST_ADMIN)
            assert role(desk, BEA) is Role.ADMIN

        make_admin(desk, MAX)
        assert desk.approve(desk.press(desk.ask("access revoke U0BEA"), ASK), MAX).state is State.DONE
        desk.as_(None)
        assert desk.press(desk.ask("access revoke U0MAX"), "Revoke").is_good
        assert read_grants(desk.store) == ()


def test_in_a_terminal_the_first_admin_is_made_even_while_slack_says_nothing() -> None:
    with open_governed_desk(admins=frozenset(), operators=frozenset()) as desk:
        desk.as_(None)
        desk.people.is_away = True

        asked = desk.ask("access grant U0BEA admin")

        assert lines(asked)[-2].startswith("Slack does not say who U0BEA is.")
        assert lines(asked)[-1] == "access.grant.admin needs a second person; in a terminal nobody else is asked."
        assert desk.press(asked, "Grant").is_good
        desk.people.is_away = False
        assert role(desk, BEA) is Role.ADMIN
        assert [each.granted_by for each in read_grants(desk.store)] == ["terminal:root"]


def test_in_slack_nobody_is_granted_anything_while_slack_does_not_say_who_it_is(desk: GovernedDesk) -> None:
    context = desk.context()
    desk.people.is_away = True

    with pytest.raises(DeliveryError):
        desk.access.propose_grant(MAX, Role.ADMIN, context.asker)


def test_everybody_with_a_right_is_listed_with_the_reason(desk: GovernedDesk) -> None:
    grant(desk, "S0OPS operator")

    assert desk.says("access")[:7] == [
        "Who may do what",
        "Who | Right | Why | As one of | By | Since",
        "U0ANA | admin | HUB_BOT_ADMINS names them | – | – | –",
        "U0OLA | operator | HUB_BOT_OPERATORS names them | – | – | –",
        "S0OPS | operator | granted | – | U0ANA | 2026-11-21 09:00 UTC",
        "U0MAX | operator | granted to the group | S0OPS | U0ANA | 2026-11-21 09:00 UTC",
        "U0OLA | operator | granted to the group | S0OPS | U0ANA | 2026-11-21 09:00 UTC",
    ]


def test_where_nobody_is_named_that_is_the_reason() -> None:
    with open_governed_desk(admins=frozenset(), operators=frozenset()) as desk:
        desk.as_(None)
        said = desk.says("access")

    assert "every full member | operator | the settings name nobody" in said
    assert any(each.startswith("Nobody is an admin.") for each in said)


def test_one_persons_right_is_explained(desk: GovernedDesk) -> None:
    make_admin(desk, "S0OPS")

    assert desk.says("access <@U0OLA>") == [
        "U0OLA is an admin.",
        "- admin, as one of S0OPS: granted to the group by U0ANA, 2026-11-21 09:00 UTC",
        "- operator: HUB_BOT_OPERATORS names them",
    ]
    assert desk.says("access U0BEA") == ["U0BEA is a member."]
    assert desk.says(f"access {GIL}")[0] == "U0GIL is a stranger."
    assert desk.says("access S0OPS")[0] == "Members of S0OPS have these rights:"


def test_a_group_that_slack_does_not_show_is_said(desk: GovernedDesk) -> None:
    grant(desk, "S0OPS operator")
    del desk.people.groups["S0OPS"]
    desk.clock.advance(301)

    assert "Slack does not say who is in a user group; its members are missing here." in desk.says("access")


def test_what_is_printed_as_json_names_roles_by_word(desk: GovernedDesk) -> None:
    result = desk.ask("access U0ANA").result

    assert result is not None
    assert result.model_dump(mode="json")["standing"]["role"] == "admin"
