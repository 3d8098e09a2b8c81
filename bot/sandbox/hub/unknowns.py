"""What nobody outside Docker knows about Docker Hub, as switches.

Each field is one open question: the first position is our best guess, the others are what the real service may turn out
to do. Client and commands must survive every position of every switch, which `Unknowns.every_position` walks through.
"""

from typing import Literal

from pydantic import Field

from bot.sandbox.switches import Switches


class Unknowns(Switches):
    """One position for each open question."""

    retry_after: Literal["x_retry_after_unix", "retry_after_seconds", "both", "neither"] = Field(
        default="x_retry_after_unix",
        description=(
            "How a 429 says when to come back. The audit-log pages say `X-Retry-After` with a Unix time, the general "
            "section says `Retry-After` with seconds, and clients read either."
        ),
    )
    authenticated_limit: Literal["higher", "as_anonymous", "no_headers"] = Field(
        default="higher",
        description="The API budget of a logged-in client: its value is not recorded (600 a minute is hearsay).",
    )
    private_repository: Literal["404", "403", "401"] = Field(
        default="404",
        description="What a stranger gets for a private repository; 404 is reported for anonymous calls.",
    )
    attestations: Literal["left_out", "listed"] = Field(
        default="left_out",
        description=(
            "Whether a tag's `images` list the attestation manifests (platform unknown/unknown) that the registry's "
            "index certainly holds."
        ),
    )
    tags_ordering: Literal["plain_is_newest_first", "minus_is_newest_first", "ignored"] = Field(
        default="plain_is_newest_first",
        description=(
            "Direction of the tag list's `ordering`. Three clients take `last_updated` for newest first; the list of "
            "repositories documents the minus sign as descending."
        ),
    )
    tag_images: Literal["array", "object", "null", "empty"] = Field(
        default="array",
        description="A tag's `images`: recorded as an array, documented as an object, nullable for clients.",
    )
    tag_v2: Literal["boolean", "string"] = Field(
        default="boolean", description="A tag's `v2`: recorded as a boolean, documented as a string."
    )
    tag_status_key: Literal["tag_status", "status"] = Field(
        default="tag_status", description="The key of a tag's status: recorded `tag_status`, documented `status`."
    )
    status_words: Literal["documented", "others"] = Field(
        default="documented",
        description="Whether statuses are only `active` and `inactive`, or also words that no document names.",
    )
    tag_digest: Literal["present", "null", "absent"] = Field(
        default="present", description="A tag's own digest: recorded, but undocumented and nullable for clients."
    )
    time_digits: Literal["recorded", "none", "nine"] = Field(
        default="recorded",
        description=(
            "Fraction digits of times: as recorded (six, and nine for images and pulls), none, or nine everywhere."
        ),
    )
    page_size: Literal["clamped", "ignored"] = Field(
        default="clamped",
        description="Whether `page_size` counts (up to 100), or every page has 25 items, as in August 2023.",
    )
    page_count: Literal["exact", "stale", "absent"] = Field(
        default="exact", description="A page's `count`: exact, from before the last changes, or missing."
    )
    search_owner: Literal["empty", "namespace"] = Field(
        default="empty", description="`repo_owner` of a search result: often empty."
    )
    never_pushed: Literal["null", "registered"] = Field(
        default="null",
        description=(
            "`last_updated` of a repository without pushes: null in recorded answers, the time of its creation in the "
            "official example."
        ),
    )
    create_conflict: Literal["400_fields", "400_message", "409_message"] = Field(
        default="400_fields", description="How creating a repository that exists is refused."
    )
    tag_delete: Literal["204", "202", "200", "500_but_done"] = Field(
        default="204",
        description=(
            "What a successful deletion of a tag answers. Clients accept any 2xx; a 500 wrapping a registry's 401 is "
            "reported, and only reading back tells."
        ),
    )
    immutable_tag_delete: Literal["403", "400", "409"] = Field(
        default="403", description="Status of the refusal to delete an immutable tag."
    )
    oat_legacy_login: Literal["refused", "accepted"] = Field(
        default="refused",
        description="Organization tokens at `/v2/users/login`: refused in February 2025, accepted in May 2026.",
    )
    pull_budget: Literal["limited", "unlimited"] = Field(
        default="limited",
        description="Whether the registry tells a pull budget; no such headers mean a paid plan or an exemption.",
    )
    webhook_payload: Literal["2022", "2016", "2015", "2014", "documented", "hardened"] = Field(
        default="2022",
        description=(
            "The shape of a push webhook. 2022 is the newest that was recorded; whether `media_type` and `images` are "
            "still sent is not known, and the official example has neither."
        ),
    )
    webhook_body: Literal["json", "form", "bare_form"] = Field(
        default="json",
        description=(
            "The content type of a webhook is not documented. Jenkins' receiver also takes a form with the JSON under "
            "`payload`, and URL-encoded JSON."
        ),
    )
    webhook_times: Literal["each_its_own", "same"] = Field(
        default="each_its_own",
        description="Whether the webhooks of one push of several platforms have a `pushed_at` each, or the same.",
    )
    webhook_success: Literal["2xx", "only_200"] = Field(
        default="2xx", description="Which answers count as a delivered webhook."
    )
    webhook_retries: Literal["never", "thrice"] = Field(
        default="never", description="Whether a webhook that was not delivered is sent again, three times at most."
    )
    webhook_redirects: Literal["not_followed", "followed"] = Field(
        default="not_followed", description="Whether a webhook follows redirects."
    )
    webhook_user_agent: Literal["go", "python", "none"] = Field(
        default="go", description="What a webhook names as its `User-Agent`; no recording is known."
    )
    pipeline_paths: Literal["both", "legacy", "namespaced"] = Field(
        default="both",
        description=(
            "Where webhooks are managed: clients know the legacy path; the token pages name webhook pipelines among "
            "the namespaced ones."
        ),
    )
    pipeline_conflict: Literal["400_fields", "400_message", "409_message"] = Field(
        default="400_fields", description="How a webhook whose name is taken is refused; the field error is recorded."
    )
    pipeline_refusal: Literal["fields", "fields_and_text", "message"] = Field(
        default="fields", description="The form of the 400 for a webhook that is not acceptable, such as a long URL."
    )
    pipeline_delete: Literal["204", "200", "202"] = Field(
        default="204", description="What a successful deletion of a webhook answers."
    )
    pipeline_history: Literal["list", "page"] = Field(
        default="list", description="Whether the history of a webhook is a plain list, or a page of one."
    )
    bulk_invite_shape: Literal["flat", "nested"] = Field(
        default="flat",
        description=(
            "The answer of a bulk invite: a list under `invitees`, as Docker's Terraform provider decodes it, or that "
            "once more under `invitees`, as documented."
        ),
    )
    bulk_invite_status: Literal["202", "200"] = Field(
        default="202", description="Its status: 202 is documented, 200 was reported in May 2026."
    )
    bulk_invite_conflict: Literal["per_invitee", "409"] = Field(
        default="per_invitee",
        description=(
            "What a bulk invite answers when everybody in it is a member or invited already: a status for each, or "
            "the 409 that is documented without a reason."
        ),
    )
    pending_invitee: Literal["existing_invite", "invited", "existing_org_member"] = Field(
        default="existing_invite",
        description=(
            "The status of an invitee who is invited already: a word of its own, of which none is recorded; `invited`, "
            "with the invite that there is; or that of a member."
        ),
    )
    no_seats: Literal["per_invitee", "400", "402", "409", "invited"] = Field(
        default="per_invitee",
        description=(
            "What a bulk invite answers when no seat is left: a status for each, a refusal of the whole, or nothing of "
            "it, so that who accepts takes a seat that nobody paid for."
        ),
    )
    invite_role: Literal["told", "absent"] = Field(
        default="told",
        description="Whether an invite tells its role: Docker's Terraform provider reads it, the document has none.",
    )
    invitee_shown: Literal["as_asked", "docker_id"] = Field(
        default="as_asked",
        description=(
            "Whom an invite of a registered user's e-mail address shows: the address, or the Docker ID, as the "
            "description of the field can be read."
        ),
    )
    dry_run_invite: Literal["absent", "present"] = Field(
        default="absent", description="Whether a dry run shows the invites that it does not make."
    )
    oat_resend: Literal["allowed", "forbidden"] = Field(
        default="allowed",
        description="Sending an invite again by an organization token: documented; a 403 was reported in May 2026.",
    )
    members_page: Literal["object", "array"] = Field(
        default="object",
        description=(
            "The list of members: a page object, as Docker's hub-tool decodes it, or an array of one, as documented."
        ),
    )
    team_members: Literal["page", "list"] = Field(
        default="page",
        description="The list of a team's members: a page, as documented, or a plain list, as Docker's hub-tool reads.",
    )
    owners_team: Literal["listed", "left_out"] = Field(
        default="listed",
        description=(
            "Whether the owners are shown as a team `owners`, which the official examples name as the team of an "
            "invite and of a member."
        ),
    )
    pat_members: Literal["refused", "readable"] = Field(
        default="refused",
        description=(
            "Whether a personal token may list members and teams: Docker's Terraform provider says that such tokens "
            "are for repositories only, Docker's hub-tool lists members by what it logged in with."
        ),
    )
    hub_plan: Literal["owners", "organization_tokens_too", "gone"] = Field(
        default="owners",
        description=(
            "Who may read an organization's plan, which tells the seats: its owners, its tokens too, or nobody any "
            "longer. Known from Docker's hub-tool only."
        ),
    )
    trigger_body: Literal["object", "empty", "text", "entries"] = Field(
        default="object",
        description=(
            "The body of a build trigger's 202, which nobody recorded. The site's own endpoint for builds answered "
            "with an entry for each rule."
        ),
    )
    trigger_refusal: Literal["accepted", "400", "429"] = Field(
        default="accepted",
        description=(
            "What a build trigger answers when all it asks for is ignored, since it is pending already or too much is: "
            "no other status than 202 is known, nor any rate limit."
        ),
    )
    build_history: Literal["present", "404", "empty"] = Field(
        default="present", description="Whether `buildhistory` still answers; only older clients use it."
    )
    unbuilt_history: Literal["empty", "404"] = Field(
        default="empty", description="The `buildhistory` of a repository without automated builds."
    )
    build_actions: Literal["present", "404", "empty"] = Field(
        default="present", description="Whether `/api/audit/v1/action/` still answers."
    )
    build_sources: Literal["present", "404", "empty"] = Field(
        default="present", description="Whether `/api/build/v1/source/` still answers."
    )
    action_progress: Literal["In Progress", "In progress"] = Field(
        default="In Progress", description="What the audit calls a running build: two clients differ."
    )
    scout_oat: Literal["works", "documented_only"] = Field(
        default="works",
        description="Whether organization tokens may use the queries of Docker Scout that are not documented.",
    )
    scout_undocumented: Literal["answered", "refused", "gone"] = Field(
        default="answered",
        description=(
            "Whether the queries of Docker Scout that are only in its schema are answered: they are, nobody may use "
            "them, or the schema does not have them."
        ),
    )
    scout_repository: Literal["optional", "required"] = Field(
        default="optional",
        description="Whether images of several repositories may be asked about at once, as the schema says.",
    )
    scout_status: Literal["number", "text", "word", "absent"] = Field(
        default="number",
        description=(
            "The `status` of an error of Docker Scout: a number in the documented example, a text for Docker's own "
            "client in one place, and nowhere required."
        ),
    )
    scout_data: Literal["field_null", "null"] = Field(
        default="field_null",
        description=(
            "The `data` beside an error: an object with a null, as in the documented example, or null as a whole, as "
            "GraphQL has it for fields that cannot be null."
        ),
    )
    scout_invalid: Literal["200", "400", "422"] = Field(
        default="200",
        description="The HTTP status of a query that the schema does not allow; the usual servers differ.",
    )
