"""The endpoints of login and accounts."""

import secrets

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.access import LEGACY_TOKEN_LIFETIME_SECONDS, check_secret
from bot.sandbox.hub.answers import account_profile, organization_profile
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import INCORRECT_CREDENTIALS, ORGANIZATION_TOKEN_REFUSED, error_answer, json_answer


def create_token(call: Call) -> Answer:
    """Exchange a password, PAT or OAT for a bearer. Source: docs.docker.com, create access token."""
    login = call.json_object() or {}
    identifier, secret = str(login.get("identifier", "")), str(login.get("secret", ""))
    caller = check_secret(call.state, identifier, secret)
    if caller is None:
        return error_answer("detail", 401, INCORRECT_CREDENTIALS)
    token = call.office.issue(
        caller,
        lifetime_seconds=call.token_lifetime_seconds,
        account=call.state.accounts.get(identifier),
    )
    return json_answer(200, {"access_token": token})


def legacy_login(call: Call) -> Answer:
    """Exchange a password or PAT for a long-lived bearer; deprecated. Source: docs.docker.com, users login.

    `?refresh_token=true` adds a refresh token, as Docker's hub-tool asks for.
    """
    login = call.json_object() or {}
    username, password = str(login.get("username", "")), str(login.get("password", ""))
    caller = check_secret(call.state, username, password)
    if caller is None:
        return error_answer("detail", 401, INCORRECT_CREDENTIALS)
    if caller.kind == "oat" and call.unknowns.oat_legacy_login == "refused":
        return error_answer("detail", 401, "Cannot log into an organization account")
    account = call.state.accounts.get(username)
    token = call.office.issue(caller, lifetime_seconds=LEGACY_TOKEN_LIFETIME_SECONDS, account=account)
    body = {"token": token}
    if call.query.get("refresh_token") == "true":
        body["refresh_token"] = secrets.token_urlsafe(32)
    return json_answer(200, body)


def get_own_profile(call: Call) -> Answer:
    """Show the account that is logged in. Path known from published clients; the refusals are inferred."""
    if not call.caller.is_logged_in:
        return call.error(401, "Authentication credentials were not provided.")
    if call.caller.kind == "oat":
        return call.error(403, ORGANIZATION_TOKEN_REFUSED)
    return json_answer(200, account_profile(call, call.state.accounts[call.caller.name]))


def get_profile(call: Call, name: str) -> Answer:
    """Show the public profile of a user or organization. Path known from published clients."""
    account = call.state.accounts.get(name)
    return json_answer(200, account_profile(call, account)) if account else call.error(404, "Object not found")


def get_organization(call: Call, name: str) -> Answer:
    """Show an organization. Path known from published clients."""
    account = call.state.accounts.get(name)
    if account is None or not account.is_organization:
        return call.error(404, "Object not found")
    return json_answer(200, organization_profile(call, account))
