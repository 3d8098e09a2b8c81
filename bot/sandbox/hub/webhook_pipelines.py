"""The endpoints of webhooks: list, create and delete a repository's pipelines, and the history of each.

They are in no OpenAPI document; the shapes are those that several published clients agree on. That they can be used is
said by docs.docker.com, organization access tokens and webhooks.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.access import WebhookScope, may_use_webhooks
from bot.sandbox.hub.answers import time_text
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import error_answer, field_errors, html_answer, json_answer
from bot.sandbox.hub.paging import page_answer
from bot.sandbox.hub.pipelines import Attempt, Hook, NameTakenError, Pipeline, slug_of
from bot.sandbox.hub.repositories import visible
from bot.sandbox.hub.state import Repository

# Documented; the secret in the URL included.
MAX_URL_LENGTH = 255
MAX_NAME_LENGTH = 255

Json = dict[str, Any]


def list_pipelines(call: Call, namespace: str, name: str) -> Answer:
    """Page through a repository's webhooks, the oldest first."""
    found = _managed(call, namespace, name, "scope-webhook-read")
    if isinstance(found, Answer):
        return found
    return page_answer(call, list(found.pipelines.values()), lambda pipeline: pipeline_entry(call, pipeline))


def create_pipeline(call: Call, namespace: str, name: str) -> Answer:
    """Register webhooks under a name; a `registry` in the wish, which some clients send, says nothing."""
    found = _managed(call, namespace, name, "scope-webhook-edit")
    if isinstance(found, Answer):
        return found
    wish = call.json_object()
    if wish is None:
        return call.error(400, "JSON parse error")
    wrong = _wrong_fields(wish)
    if wrong:
        return _refused(call, wrong)
    hooks = [Hook(str(hook.get("name") or wish["name"]), hook["hook_url"]) for hook in wish["webhooks"]]
    expects_callback = wish.get("expect_final_callback", False)
    try:
        pipeline = call.state.add_pipeline(
            found.path, wish["name"], hooks, at=call.now, expects_final_callback=expects_callback
        )
    except NameTakenError:
        return _name_taken(call)
    return json_answer(201, pipeline_entry(call, pipeline))


def delete_pipeline(call: Call, namespace: str, name: str, slug: str) -> Answer:
    """Delete the webhooks of one name."""
    found = _managed(call, namespace, name, "scope-webhook-admin")
    if isinstance(found, Answer):
        return found
    if slug not in found.pipelines:
        return call.error(404, "Not found")
    call.state.delete_pipeline(found.path, slug)
    status = int(call.unknowns.pipeline_delete)
    return Answer(status, content_type=None) if status == HTTPStatus.NO_CONTENT else json_answer(status, {})


def list_attempts(call: Call, namespace: str, name: str, slug: str) -> Answer:
    """Tell what became of the deliveries, the newest first."""
    found = _managed(call, namespace, name, "scope-webhook-read")
    if isinstance(found, Answer):
        return found
    if slug not in found.pipelines:
        return call.error(404, "Not found")
    attempts = list(reversed(found.pipelines[slug].history))
    if call.unknowns.pipeline_history == "page":
        return page_answer(call, attempts, lambda attempt: _attempt_entry(call, attempt))
    return json_answer(200, [_attempt_entry(call, attempt) for attempt in attempts])


def pipeline_entry(call: Call, pipeline: Pipeline) -> Json:
    """Write a pipeline, the same in lists and alone. Nothing of it ever changes, so that all its times are one."""
    times = dict.fromkeys(("created", "last_updated"), time_text(call, pipeline.created_at))
    return {
        "name": pipeline.name,
        "slug": pipeline.slug,
        "expect_final_callback": pipeline.expects_final_callback,
        "webhooks": [{"name": hook.name, "hook_url": hook.url, **times} for hook in pipeline.hooks],
        **times,
    }


def _attempt_entry(call: Call, attempt: Attempt) -> Json:
    return {"uuid": attempt.uuid, "status": attempt.status, "created": time_text(call, attempt.created_at)}


def _managed(call: Call, namespace: str, name: str, scope: WebhookScope) -> Repository | Answer:
    """Return the repository if the caller may do this with its webhooks, else the refusal."""
    own_path = "legacy" if call.generation == "django" else "namespaced"
    if call.unknowns.pipeline_paths not in {"both", own_path}:
        return html_answer(404)
    repository = call.state.find_repository(f"{namespace}/{name}")
    if repository is not None and may_use_webhooks(call.state, call.caller, repository, scope):
        return repository
    found = visible(call, namespace, name)
    if isinstance(found, Answer):
        return found
    if not call.caller.is_logged_in:
        return call.error(401, "authentication required")
    return call.error(403, "insufficient permissions to manage webhooks")


def _wrong_fields(wish: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong, by field; only the limit of the URL is documented, the words are those of Django."""
    name, hooks = wish.get("name"), wish.get("webhooks")
    wrong = {}
    if not isinstance(name, str) or not slug_of(name):
        wrong["name"] = "This field is required."
    elif len(name) > MAX_NAME_LENGTH:
        wrong["name"] = f"Ensure this field has no more than {MAX_NAME_LENGTH} characters."
    if not isinstance(wish.get("expect_final_callback", False), bool):
        wrong["expect_final_callback"] = "Must be a valid boolean."
    if not isinstance(hooks, list) or not hooks or not all(isinstance(hook, dict) for hook in hooks):
        wrong["webhooks"] = "This field is required."
    else:
        problem = next(filter(None, (_url_problem(hook.get("hook_url")) for hook in hooks)), None)
        wrong |= {"hook_url": problem} if problem else {}
    return wrong


def _url_problem(url: object) -> str | None:
    if not isinstance(url, str) or not url:
        return "This field is required."
    if len(url) > MAX_URL_LENGTH:
        return f"Ensure this field has no more than {MAX_URL_LENGTH} characters."
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_good = False
    return None if is_good else "Enter a valid URL."


def _refused(call: Call, wrong: Mapping[str, str]) -> Answer:
    first = next(iter(wrong.values()))
    match call.unknowns.pipeline_refusal:
        case "message":
            return error_answer("message", 400, first)
        case "fields_and_text":
            return field_errors(wrong, first)
        case "fields":
            return json_answer(400, {name: [reason] for name, reason in wrong.items()})


def _name_taken(call: Call) -> Answer:
    text = "Webhook pipeline with this Name already exists."
    if call.unknowns.pipeline_conflict == "400_fields":
        return error_answer("field_errors", 400, text)
    return call.error(int(call.unknowns.pipeline_conflict[:3]), text)
