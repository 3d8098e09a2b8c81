"""Stand-ins for the outside world, on this machine: real HTTP servers with state, for the demo and the tests.

This package imports nothing of the rest of the bot, so that a client and its simulator cannot share a mistake.

Where a docstring names its source in short, these pages are meant:

- Docker Hub API: https://docs.docker.com/reference/api/hub/latest/
- Docker Hub usage: https://docs.docker.com/docker-hub/usage/ and https://docs.docker.com/docker-hub/usage/pulls/
- organization access tokens: https://docs.docker.com/security/for-admins/access-tokens/

"Observed" and "recorded" mean answers of the real service that others published, "reported" what users or Docker's
staff said in public, "inferred" our own guess; what is inferred and matters to a client is a switch of `Unknowns`.
"""
