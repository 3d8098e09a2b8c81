"""The bytes of files: their way in, and their way out to those who may see them.

Sources: https://docs.slack.dev/messaging/working-with-files (upload addresses take a raw body or a form, and answer 200
when the bytes are there) and https://docs.slack.dev/reference/objects/file-object (`url_private` wants a token).
"""

from collections.abc import Iterable

from bot.sandbox.httpd import Answer, Request
from bot.sandbox.slack.answers import html_answer, text_answer
from bot.sandbox.slack.apps import App
from bot.sandbox.slack.multipart import multipart_parts
from bot.sandbox.slack.objects import DOWNLOAD_PREFIX, media_type
from bot.sandbox.slack.state import WorkspaceState

UPLOAD_PREFIX = "/upload/v1/"


def answer_upload(state: WorkspaceState, request: Request) -> Answer:
    """Take the bytes for an address from `files.getUploadURLExternal`, once, and as many as were announced."""
    content = _uploaded_bytes(request)
    with state.lock:
        file = state.files.get(request.path.removeprefix(UPLOAD_PREFIX))
        if request.method != "POST" or file is None or file.is_complete:
            return text_answer(404, "not found")
        if len(content) != file.length_bytes:
            # Inferred: no page says what Slack makes of it.
            return text_answer(400, f"expected {file.length_bytes} bytes, got {len(content)}")
        file.content = content
        state.touch()
    return text_answer(200, f"OK - {len(content)}")


def answer_download(state: WorkspaceState, apps: Iterable[App], request: Request) -> Answer:
    """Give a file's bytes to a bearer that may read files; everybody else gets the page that asks to sign in."""
    file_id = request.path.removeprefix(DOWNLOAD_PREFIX).partition("/")[0]
    with state.lock:
        if not _may_read(apps, request.headers.get("authorization", "")):
            return html_answer(200, "Sign in")
        file = state.files.get(file_id)
        if file is None or file.content is None or not file.is_complete:
            return html_answer(404, "File not found")
        return Answer(200, file.content, media_type(file.name))


def _uploaded_bytes(request: Request) -> bytes:
    content_type = request.headers.get("content-type", "")
    if not content_type.startswith("multipart/form-data"):
        return request.body
    files = (each.content for each in multipart_parts(content_type, request.body) if each.filename is not None)
    return next(files, b"")


def _may_read(apps: Iterable[App], authorization: str) -> bool:
    scheme, _, value = authorization.partition(" ")
    tokens = (app.tokens.get(value.strip()) for app in apps)
    token = next((each for each in tokens if each is not None), None)
    return scheme.lower() == "bearer" and token is not None and _is_good(token.state, token.scopes)


def _is_good(state: str, scopes: frozenset[str]) -> bool:
    return state == "active" and "files:read" in scopes
