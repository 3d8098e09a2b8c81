"""The endpoints of an organization's members, and of the plan that says how many there may be.

Source: docs.docker.com, Docker Hub API, organizations. Words of refusals are inferred where no other source is named.
"""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.access import SCOPES_OF_MEMBERS, OrganizationScope, is_trusted, may_administer
from bot.sandbox.hub.answers import account_profile
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import ORGANIZATION_TOKEN_REFUSED, html_answer, json_answer
from bot.sandbox.hub.organizations import Invite, LastOwnerError, Organization, Role, Team, role_of
from bot.sandbox.hub.paging import page_answer
from bot.sandbox.hub.state import Account

# Reported in 2022.
PERSONAL_TOKEN_REFUSED = "access is forbidden with a JWT issued from a personal access token"
NOT_LOGGED_IN = "Authentication credentials were not provided."
NOT_ALLOWED = "You do not have permission to perform this action."
# How a plan says that something has no limit. Source: docker/hub-tool, account info.
NO_LIMIT = 9999

Json = dict[str, Any]


def list_members(call: Call, org: str) -> Answer:
    """Page through the members, with the invitees if asked: by `invites`, or by `type`.

    `search` looks at names and addresses, `role` (inferred) also at what invitees are invited to be.
    """
    found = administered(call, org, "scope-member-read")
    if isinstance(found, Answer):
        return found
    kind, role = call.query.get("type", ""), call.query.get("role", "")
    if kind not in {"", "all", "invitee", "member"} or (role and not role_of(role)):
        return call.error(400, "Invalid type or role.")
    has_invitees = kind in {"all", "invitee"} or (not kind and call.query.get("invites") == "true")
    people: list[str | Invite] = [] if kind == "invitee" else [*found.members]
    people += found.invites.values() if has_invitees else ()
    shown = [each for each in people if role in {"", _role(found, each)} and _is_found(call, each)]
    answer = page_answer(call, shown, lambda each: _entry(call, found, each))
    if call.unknowns.members_page == "array" and answer.status == HTTPStatus.OK:
        return json_answer(200, [json.loads(answer.body)])
    return answer


def change_role(call: Call, org: str, user: str) -> Answer:
    """Change a member's role. That there are also custom roles, by name, is not played."""
    found = administered(call, org, "scope-member-edit")
    if isinstance(found, Answer):
        return found
    if user not in found.members:
        return call.error(404, "Object not found")
    wish = call.json_object() or {}
    role = role_of(wish.get("role"))
    if role is None:
        return call.error(400, f"Invalid role: {wish.get('role')}")
    try:
        found.set_role(user, role)
    except LastOwnerError:
        return call.error(400, "The last owner of an organization cannot be changed.")
    return json_answer(200, _member(call, found, user))


def remove_member(call: Call, org: str, user: str) -> Answer:
    """Remove a member, from all teams too; not the last owner."""
    found = administered(call, org, "scope-member-edit")
    if isinstance(found, Answer):
        return found
    if user not in found.members:
        return call.error(404, "Object not found")
    try:
        found.remove(user)
    except LastOwnerError:
        return call.error(400, "The last owner of an organization cannot be removed.")
    return Answer(204, content_type=None)


def get_plan(call: Call, name: str) -> Answer:
    """Show an organization's plan, to its owners, by its name or its id. Known from Docker's hub-tool only."""
    if call.unknowns.hub_plan == "gone":
        return html_answer(404)
    if not call.caller.is_logged_in:
        return call.error(401, "authentication required")
    account = next((each for each in call.state.accounts.values() if name in {each.name, each.uuid}), None)
    if account is None or account.organization is None:
        return call.error(404, "account not found")
    if call.caller.kind == "oat" and call.unknowns.hub_plan == "owners":
        return call.error(403, ORGANIZATION_TOKEN_REFUSED)
    if not is_trusted(call.caller, account.organization):
        return call.error(403, "only owners may see the plan")
    seats = account.organization.seats
    return json_answer(
        200,
        {
            "name": "team",
            "legacy": False,
            "seats": NO_LIMIT if seats is None else seats,
            "private_repos": NO_LIMIT,
            "teams": NO_LIMIT,
            "collaborators": NO_LIMIT,
            "parallel_builds": 15,
            "duration": "annual",
        },
    )


def administered(call: Call, name: str, scope: OrganizationScope) -> Organization | Answer:
    """Return the organization if the caller may do this with it, else the refusal."""
    if not call.caller.is_logged_in:
        return call.error(401, NOT_LOGGED_IN)
    account = call.state.accounts.get(name)
    if account is None or account.organization is None:
        return call.error(404, "Object not found")
    is_reader = call.unknowns.pat_members == "readable" and call.caller.name in account.members
    if call.caller.kind == "pat" and not (is_reader and scope in SCOPES_OF_MEMBERS):
        return call.error(403, PERSONAL_TOKEN_REFUSED)
    if call.caller.kind != "pat" and not may_administer(call.caller, account.organization, scope):
        return call.error(403, NOT_ALLOWED)
    return account.organization


def shown_teams(call: Call, organization: Organization) -> Sequence[Team]:
    """Return the teams as the API shows them: the owners first, where they are a team, then the others by name."""
    teams = [organization.teams[name] for name in sorted(organization.teams)]
    if call.unknowns.owners_team == "left_out":
        return teams
    number = call.state.account_number(organization.name)
    return [organization.owners_team(number), *teams]


def user_entry(call: Call, organization: Organization, account: Account) -> Json:
    """Write a member as lists of teams have it: the profile, with the address for those who may see it."""
    email = {"email": account.email} if is_trusted(call.caller, organization) else {}
    return {**account_profile(call, account), **email}


def is_named(account: Account | None, invitee: str, words: str) -> bool:
    """Tell whether a search finds somebody, by name or address."""
    known = (account.name, account.full_name, account.email) if account else ()
    return any(words.lower() in each.lower() for each in (invitee, *known))


def _role(organization: Organization, person: str | Invite) -> Role:
    return person.role if isinstance(person, Invite) else organization.members[person]


def _is_found(call: Call, person: str | Invite) -> bool:
    name = person.invitee if isinstance(person, Invite) else person
    return is_named(call.state.find_user(name), name, call.query.get("search", ""))


def _entry(call: Call, organization: Organization, person: str | Invite) -> Json:
    return _invitee(call, organization, person) if isinstance(person, Invite) else _member(call, organization, person)


def _member(call: Call, organization: Organization, name: str) -> Json:
    account = call.state.accounts[name]
    return {
        **user_entry(call, organization, account),
        # Lower case in requests, capitalised in answers. Source: docker/terraform-provider-docker.
        "role": organization.members[name].capitalize(),
        "groups": [team.name for team in shown_teams(call, organization) if name in team.members],
        "is_guest": False,
    }


def _invitee(call: Call, organization: Organization, invite: Invite) -> Json:
    """Write somebody who is invited; how those look who have no account is inferred."""
    account = call.state.find_user(invite.invitee)
    nobody = {"id": "", "username": "", "full_name": "", "type": "User", "email": invite.invitee}
    return {
        **(user_entry(call, organization, account) if account else nobody),
        "role": "Invitee",
        "groups": [invite.team] if invite.team else [],
        "is_guest": False,
    }
