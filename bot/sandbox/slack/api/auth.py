"""Who calls, and what needs no more than that: `auth.*`, `team.info`, `apps.connections.open`, `api.test`.

Sources, below https://docs.slack.dev/reference/methods: `auth.test`, `auth.revoke`, `team.info`,
`apps.connections.open`, `oauth.v2.access` and `api.test`.
"""

from bot.sandbox.slack.call import Call, Payload, Refusal


def test(call: Call) -> Payload:
    """Answer `auth.test`; the token of an app itself speaks for no user."""
    if call.token is not None and call.token.kind == "app":
        return {"app_name": call.app.name, "app_id": call.app.id}
    return {
        "url": f"https://{call.state.domain}.slack.com/",
        "team": call.state.name,
        "user": call.bot.name,
        "team_id": call.state.team_id,
        "user_id": call.bot.id,
        "bot_id": call.app.bot_id,
        "is_enterprise_install": False,
    }


def revoke(call: Call) -> Payload:
    """Answer `auth.revoke`; with `test`, nothing is revoked."""
    is_test = call.arguments.flag("test")
    if call.token is not None and not is_test:
        call.token.state = "revoked"
        call.publish({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [call.app.bot_user_id]}})
    return {"revoked": not is_test}


def team_info(call: Call) -> Payload:
    """Answer `team.info`."""
    team = {
        "id": call.state.team_id,
        "name": call.state.name,
        "url": f"https://{call.state.domain}.slack.com/",
        "domain": call.state.domain,
        "email_domain": "",
        "icon": {"image_default": True},
    }
    return {"team": team}


def open_connection(call: Call) -> Payload:
    """Answer `apps.connections.open`."""
    return {"url": call.open_socket(call.app)}


def access(call: Call) -> Payload:
    """Answer `oauth.v2.access`."""
    return call.exchange_code(call.arguments)


def api_test(call: Call) -> Payload:
    """Answer `api.test`: it repeats its arguments, and fails when asked to."""
    error = call.arguments.text("error")
    if error:
        raise Refusal(error, args=dict(call.arguments.values))
    return {"args": dict(call.arguments.values)}
