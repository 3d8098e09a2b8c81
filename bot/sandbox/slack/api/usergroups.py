"""Groups of people: `usergroups.*`.

Sources, below https://docs.slack.dev/reference/methods: `usergroups.list` and `usergroups.users.list`.
"""

from bot.sandbox.slack.call import Call, Payload, Refusal
from bot.sandbox.slack.objects import usergroup_object
from bot.sandbox.slack.state import UserGroup


def list_usergroups(call: Call) -> Payload:
    """Answer `usergroups.list`."""
    has_disabled = call.arguments.flag("include_disabled")
    shown = [each for each in call.state.usergroups.values() if has_disabled or not each.is_disabled]
    return {"usergroups": [_described(call, each) for each in shown]}


def list_users(call: Call) -> Payload:
    """Answer `usergroups.users.list`."""
    group = call.state.usergroups.get(call.arguments.required("usergroup"))
    if group is None or (group.is_disabled and not call.arguments.flag("include_disabled")):
        raise Refusal("no_such_subteam")
    return {"users": list(group.users)}


def _described(call: Call, group: UserGroup) -> Payload:
    found = usergroup_object(group, call.state)
    if call.arguments.flag("include_count"):
        found["user_count"] = len(group.users)
    if call.arguments.flag("include_users"):
        found["users"] = list(group.users)
    return found
