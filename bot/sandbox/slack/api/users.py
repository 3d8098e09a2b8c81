"""People: `users.*`.

Sources, below https://docs.slack.dev/reference/methods: `users.info`, `users.list` and `users.lookupByEmail`.
"""

from bot.sandbox.slack.api.paging import page_of
from bot.sandbox.slack.call import Call, Payload, Refusal
from bot.sandbox.slack.objects import user_object
from bot.sandbox.slack.state import Person


def info(call: Call) -> Payload:
    """Answer `users.info`."""
    person = call.state.people.get(call.arguments.text("user"))
    if person is None:
        raise Refusal("user_not_found")
    return {"user": _described(call, person)}


def list_users(call: Call) -> Payload:
    """Answer `users.list`: all members of this workspace, also the deactivated and bots; at once without a limit."""
    members = [each for each in call.state.people.values() if each.team_id == call.state.team_id]
    page, metadata = page_of(call.arguments, members, kind="user", id_of=lambda each: each.id, default_limit=None)
    return {"members": [_described(call, each) for each in page], "cache_ts": int(call.now.timestamp()), **metadata}


def lookup_by_email(call: Call) -> Payload:
    """Answer `users.lookupByEmail`; the deactivated are not found, as documented."""
    email = call.arguments.required("email").lower()
    for person in call.state.people.values():
        is_member = person.team_id == call.state.team_id and not person.is_deleted
        if is_member and person.email is not None and person.email.lower() == email:
            return {"user": _described(call, person)}
    raise Refusal("users_not_found")


def _described(call: Call, person: Person) -> Payload:
    return user_object(
        person,
        call.state,
        seen_by=call.bot.id,
        unknowns=call.unknowns,
        has_email="users:read.email" in call.scopes,
        has_locale=call.arguments.flag("include_locale"),
    )
