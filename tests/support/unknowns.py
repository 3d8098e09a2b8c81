"""The positions of the switches that some part of the bot can meet at all; the others only take time."""

from bot.sandbox.hub.unknowns import Unknowns

_OF_BUILDS = ("trigger_", "build_", "unbuilt_", "action_")
_OF_PEOPLE = (
    "bulk_invite_",
    "pending_",
    "no_seats",
    "invite",
    "dry_run_",
    "oat_resend",
    "members_",
    "team_",
    "owners_",
    "pat_members",
    "hub_plan",
)
_OF_SCOUT = ("scout_",)
_OF_WRITING = ("webhook_", "pipeline_", "create_", "tag_delete", "immutable_", "oat_legacy_")


def positions_of_reading() -> dict[str, Unknowns]:
    """Return those of `positions_of_images` that whoever only reads can meet."""
    return {name: each for name, each in positions_of_images().items() if not name.startswith(_OF_WRITING)}


def positions_of_images() -> dict[str, Unknowns]:
    """Return all positions but those about builds, the people of an organization and Docker Scout."""
    left_out = (*_OF_BUILDS, *_OF_PEOPLE, *_OF_SCOUT)
    return {name: each for name, each in Unknowns.every_position() if not name.startswith(left_out)}
