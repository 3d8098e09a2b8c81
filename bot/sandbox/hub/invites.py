"""The endpoints of invites: many at once, the pending ones, cancelling one, sending one again.

Source: docs.docker.com, Docker Hub API, invites; what the document leaves open is a switch. That the call succeeded
does not mean that anybody was invited: each invitee has a status, of an open set of words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.answers import time_text
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import json_answer
from bot.sandbox.hub.members import NOT_ALLOWED, administered, shown_teams
from bot.sandbox.hub.organizations import OWNERS_TEAM, Invite, Organization, Role, role_of

# Documented. Others than these three are possible: "status of the invite or validation error".
INVITED, MEMBER, INVALID = "invited", "existing_org_member", "invalid_email_or_docker_id"
# Not recorded: what is said when no seat is left.
NO_SEAT, NO_SEAT_TEXT = "insufficient_seats", "not enough seats: add seats to your subscription to invite more members"
CONFLICT_TEXT = "all invitees are members or invited already"
EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of one invitee.

    Attributes:
        invitee: As asked.
        status: What is said of it.
        pending: The invite that there is already.
    """

    invitee: str
    status: str
    pending: Invite | None = None


def invite_in_bulk(call: Call) -> Answer:
    """Invite people by Docker ID or address, or with `dry_run` only say what would become of each."""
    if not call.caller.is_logged_in:
        return call.error(401, "authentication required")
    wish = call.json_object()
    problem = _problem(wish)
    if wish is None or problem:
        return call.error(400, problem or "invalid JSON body")
    found = administered(call, wish["org"], "scope-invite-edit")
    if isinstance(found, Answer):
        return found
    team = wish.get("team") or ""
    if team and team not in {each.name for each in shown_teams(call, found)}:
        return call.error(400, f"team {team} not found")
    verdicts = _verdicts(call, found, wish["invitees"])
    return _refusal_of_all(call, verdicts) or _carried_out(call, found, wish, verdicts)


def list_invites(call: Call, org: str) -> Answer:
    """List all pending invites; there are no pages."""
    found = administered(call, org, "scope-invite-read")
    if isinstance(found, Answer):
        return found
    return json_answer(200, {"data": [_invite_entry(call, found, each) for each in found.invites.values()]})


def cancel_invite(call: Call, invite_id: str) -> Answer:
    """Cancel a pending invite."""
    found = _pending(call, invite_id)
    if isinstance(found, Answer):
        return found
    found[0].cancel(invite_id)
    return Answer(204, content_type=None)


def resend_invite(call: Call, invite_id: str) -> Answer:
    """Send the mail of a pending invite once more."""
    found = _pending(call, invite_id)
    if isinstance(found, Answer):
        return found
    if call.caller.kind == "oat" and call.unknowns.oat_resend == "forbidden":
        return call.error(403, NOT_ALLOWED)
    found[1].sent_at.append(call.now)
    return Answer(204, content_type=None)


def _problem(wish: Json | None) -> str | None:
    """Return what is wrong with the wish as a whole."""
    if wish is None:
        return "invalid JSON body"
    invitees = wish.get("invitees")
    if not isinstance(wish.get("org"), str) or not wish["org"]:
        return "org is required"
    if not isinstance(invitees, list) or not invitees or not all(isinstance(each, str) for each in invitees):
        return "invitees is required"
    if not isinstance(wish.get("team") or "", str):
        return "invalid team"
    if wish.get("role") and role_of(wish["role"]) is None:
        return f"invalid role: {wish['role']}"
    return None if isinstance(wish.get("dry_run", False), bool) else "invalid dry_run"


def _verdicts(call: Call, organization: Organization, invitees: Sequence[str]) -> list[_Verdict]:
    """Return what becomes of each, in order: who is named twice is invited already the second time."""
    pending = {_identity(call, each.invitee): each for each in organization.invites.values()}
    counts_seats = organization.seats is not None and call.unknowns.no_seats != "invited"
    free = max(0, (organization.seats or 0) - organization.seats_used) if counts_seats else len(invitees)
    named: set[str] = set()
    verdicts = []
    for invitee in invitees:
        identity = _identity(call, invitee)
        if identity is None:
            status = INVALID
        elif identity in organization.members:
            status = MEMBER
        elif identity in pending or identity in named:
            status = call.unknowns.pending_invitee
        elif len(named) >= free:
            status = NO_SEAT
        else:
            status = INVITED
            named.add(identity)
        verdicts.append(_Verdict(invitee, status, pending.get(identity)))
    return verdicts


def _identity(call: Call, invitee: str) -> str | None:
    """Return who is meant: a user's name, else an address in lower case; None when it is neither."""
    user = call.state.find_user(invitee)
    if user:
        return user.name
    return invitee.lower() if EMAIL.fullmatch(invitee) else None


def _refusal_of_all(call: Call, verdicts: Sequence[_Verdict]) -> Answer | None:
    statuses = {verdict.status for verdict in verdicts}
    if NO_SEAT in statuses and call.unknowns.no_seats != "per_invitee":
        return call.error(int(call.unknowns.no_seats), NO_SEAT_TEXT)
    if call.unknowns.bulk_invite_conflict == "409" and statuses <= {MEMBER, call.unknowns.pending_invitee} - {INVITED}:
        return call.error(409, CONFLICT_TEXT)
    return None


def _carried_out(call: Call, organization: Organization, wish: Json, verdicts: Sequence[_Verdict]) -> Answer:
    """Invite those who can be, and tell of each."""
    is_dry, team = wish.get("dry_run", False), wish.get("team") or ""
    role: Role = "owner" if team == OWNERS_TEAM else role_of(wish.get("role")) or "member"
    make = organization.draft if is_dry else organization.invite
    made: dict[str | None, Invite] = {}
    entries: list[Json] = []
    for verdict in verdicts:
        entries.append({"invitee": verdict.invitee, "status": verdict.status})
        if verdict.status != INVITED:
            continue
        identity = _identity(call, verdict.invitee)
        invite = verdict.pending or made.get(identity)
        if invite is None:
            invite = make(verdict.invitee, inviter=call.caller.name, at=call.now, role=role, team=team)
            made[identity] = invite
        if not is_dry or call.unknowns.dry_run_invite == "present":
            entries[-1]["invite"] = _invite_entry(call, organization, invite)
    flat: Json = {"invitees": entries}
    body = flat if call.unknowns.bulk_invite_shape == "flat" else {"invitees": flat}
    return json_answer(int(call.unknowns.bulk_invite_status), body)


def _pending(call: Call, invite_id: str) -> tuple[Organization, Invite] | Answer:
    """Return a pending invite with its organization if the caller may change it, else the refusal."""
    if not call.caller.is_logged_in:
        return call.error(401, "authentication required")
    for account in call.state.accounts.values():
        organization = account.organization
        if organization is not None and invite_id in organization.invites:
            found = administered(call, account.name, "scope-invite-edit")
            return found if isinstance(found, Answer) else (organization, organization.invites[invite_id])
    return call.error(404, "invite not found")


def _invite_entry(call: Call, organization: Organization, invite: Invite) -> Json:
    """Write an invite. Source: docs.docker.com, schema `invite`; `role` from docker/terraform-provider-docker."""
    user = call.state.find_user(invite.invitee)
    shows_name = user is not None and call.unknowns.invitee_shown == "docker_id"
    entry = {
        "id": invite.id,
        "inviter_username": invite.inviter,
        "invitee": user.name if user is not None and shows_name else invite.invitee,
        "org": organization.name,
        "team": invite.team,
        "role": invite.role,
        "created_at": time_text(call, invite.created_at),
    }
    if call.unknowns.invite_role == "absent":
        del entry["role"]
    return entry
