"""Docker Hub and its registry. Knows HTTP, nothing of Slack and nothing of our features.

From the outside in:

- `client`: `HubClient`, a facade over the resources; `names` finds out what short image names mean.
- `repositories`, `tags`, `search`, `rate_limits`, `registry`: models and verbs, one shape.
- `paging`, `decoding`: lists in pages, and JSON that is less regular than its documentation.
- `api`: one authorised call; `auth` says which credential may do what, `bearers` logs in.
- `transport`: waits, sends, sends again; `pacing` keeps to the limits, `retrying` is the policy.
- `wire`: one exchange over HTTP.
- `protocol`, `failures`: what an answer says and which error it is. Pure, as `retrying` and `decoding` are.
"""
