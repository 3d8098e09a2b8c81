# Hub Bot. Build: docker build -t hub-bot .
# The base must have Python 3.11 or newer as `python3`, with venv.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
# Dependencies first: they change less often than the code, and stay in the cache.
COPY requirements.txt requirements-build.txt ./
RUN python3 -m venv /build && /build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.txt \
    && python3 -m venv --without-pip /opt/hub-bot \
    && /build/bin/pip --python /opt/hub-bot/bin/python install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY commands commands
# setuptools builds the package and stays behind in /build. Bytecode is compiled now, as the root may be read-only later.
RUN /build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheels . \
    && /build/bin/pip --python /opt/hub-bot/bin/python install --no-cache-dir --no-deps /wheels/*.whl \
    && python3 -m compileall -q /opt/hub-bot/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="Hub Bot" \
      org.opencontainers.image.description="Docker Hub, run from Slack" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/hub-bot /opt/hub-bot
# HOME, because slack_sdk asks for one when it is imported, and the user below is only a number.
ENV PATH=/opt/hub-bot/bin:$PATH \
    HOME=/ \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HUB_BOT_HOST=0.0.0.0
# A number, so that a platform can see that it is not root.
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + (os.environ.get('HUB_BOT_PORT') or os.environ.get('PORT') or '3000') + '/healthz', timeout=2)"]
ENTRYPOINT ["hub-bot"]
CMD ["serve"]
