"""Who belongs to the organization `acme` of the seed besides Ana and Bo: its members, teams, seats, one pending invite.

Seven of ten seats are taken: by six members, and by Lena, who has not answered yet.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.sandbox.hub.organizations import Role
from bot.sandbox.hub.state import HubState

ORGANIZATION = "acme"
SEATS = 10
PENDING_INVITEE = "lena@acme.example"
# A user cannot be without one; {name} is theirs.
_PASSWORD = "sandbox-password-of-{name}"
_COLLEAGUES: Mapping[str, tuple[str, Role, int]] = {
    "ines": ("Ines Ito", "owner", 2_100),
    "omar": ("Omar Okafor", "editor", 1_500),
    "mia": ("Mia Meyer", "member", 640),
    "kai": ("Kai Novak", "member", 120),
}
_EMAILS = {"ana": "ana@acme.example", "bo": "bo@acme.example", "zoe": "zoe@elsewhere.example"}


def add_colleagues(state: HubState, now: datetime) -> None:
    """Let the organization have people.

    Args:
        state: With the accounts of Ana, Bo, Zoe and the organization.
        now: Aware and UTC; all ages count from here.
    """
    with state.lock:
        acme = state.organization(ORGANIZATION)
        for name, email in _EMAILS.items():
            state.accounts[name].email = email
        for name, (full_name, role, days) in _COLLEAGUES.items():
            state.add_user(
                name,
                password=_PASSWORD.format(name=name),
                joined_at=now - timedelta(days=days),
                full_name=full_name,
                email=f"{name}@acme.example",
            )
            acme.members[name] = role
        acme.seats = SEATS
        state.add_team(ORGANIZATION, "web", description="Everything that customers see", members=("bo", "mia"))
        state.add_team(ORGANIZATION, "platform", description="Runs what the others build", members=("ana", "omar"))
        acme.invite(PENDING_INVITEE, inviter="ana", at=now - timedelta(days=2, hours=3), team="web")
