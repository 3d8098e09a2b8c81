"""The endpoints of an organization's teams, which the API calls groups.

Source: docs.docker.com, Docker Hub API, groups. That the team `owners` is changed by roles only is inferred.
"""

from typing import Any

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.access import OrganizationScope
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import json_answer
from bot.sandbox.hub.members import NOT_ALLOWED, administered, is_named, shown_teams, user_entry
from bot.sandbox.hub.organizations import Organization, Team
from bot.sandbox.hub.paging import page_answer

Json = dict[str, Any]


def list_teams(call: Call, org: str) -> Answer:
    """Page through the teams: all, those of a `username`, or those whose name has the `search` in it."""
    found = administered(call, org, "scope-group-read")
    if isinstance(found, Answer):
        return found
    user, words = call.query.get("username", ""), call.query.get("search", "")
    shown = [
        team
        for team in shown_teams(call, found)
        if (not user or user in team.members) and words.lower() in team.name.lower()
    ]
    return page_answer(call, shown, _team_entry)


def get_team(call: Call, org: str, team: str) -> Answer:
    """Show one team."""
    found = _team(call, org, team, "scope-group-read")
    return found if isinstance(found, Answer) else json_answer(200, _team_entry(found[1]))


def list_team_members(call: Call, org: str, team: str) -> Answer:
    """Page through a team's members; `search` looks at names and addresses."""
    found = _team(call, org, team, "scope-group-read")
    if isinstance(found, Answer):
        return found
    organization, members = found[0], (call.state.accounts[name] for name in found[1].members)
    shown = [account for account in members if is_named(account, account.name, call.query.get("search", ""))]
    if call.unknowns.team_members == "list":
        return json_answer(200, [user_entry(call, organization, account) for account in shown])
    return page_answer(call, shown, lambda account: user_entry(call, organization, account))


def add_team_member(call: Call, org: str, team: str) -> Answer:
    """Put a member into a team. An invitee must have joined first. Source: docs.docker.com, organization members."""
    found = _team(call, org, team, "scope-group-edit")
    if isinstance(found, Answer):
        return found
    organization, wanted = found[0], (call.json_object() or {}).get("member")
    if team not in organization.teams:
        return call.error(403, NOT_ALLOWED)
    if wanted not in organization.members:
        return call.error(404, "Object not found")
    organization.join_team(team, wanted)
    return json_answer(200, {})


def remove_team_member(call: Call, org: str, team: str, user: str) -> Answer:
    """Take a member out of a team."""
    found = _team(call, org, team, "scope-group-edit")
    if isinstance(found, Answer):
        return found
    organization = found[0]
    if team not in organization.teams:
        return call.error(403, NOT_ALLOWED)
    if user not in organization.teams[team].members:
        return call.error(404, "Object not found")
    organization.leave_team(team, user)
    return Answer(204, content_type=None)


def _team(call: Call, org: str, name: str, scope: OrganizationScope) -> tuple[Organization, Team] | Answer:
    """Return the organization and its team if the caller may do this with them, else the refusal."""
    found = administered(call, org, scope)
    if isinstance(found, Answer):
        return found
    team = next((each for each in shown_teams(call, found) if each.name == name), None)
    return (found, team) if team else call.error(404, "Object not found")


def _team_entry(team: Team) -> Json:
    return {
        "id": team.id,
        "uuid": team.uuid,
        "name": team.name,
        "description": team.description,
        "member_count": len(team.members),
    }
