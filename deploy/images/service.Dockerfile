# One image for the seven services, the sandbox and the set-up steps; the command says which.
# Build from the root of the project: docker build -f deploy/images/service.Dockerfile .
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/venv
WORKDIR /app
# What is pinned changes seldom: a layer of its own, made anew only when the lock changes.
COPY requirements.lock deploy/images/build-requirements.txt ./
RUN /opt/venv/bin/pip install --quiet --require-hashes -r requirements.lock
RUN /opt/venv/bin/pip install --quiet --require-hashes -r build-requirements.txt
# Installed in place: a service finds its migrations beside its source. The build tool looks for its program on the path.
ENV PATH=/opt/venv/bin:$PATH
COPY libs/ libs/
COPY services/ services/
COPY sandbox/ sandbox/
COPY cli/ cli/
COPY deploy/images/probe.py deploy/images/probe.py
RUN /opt/venv/bin/pip install --quiet --no-deps --no-build-isolation \
        -e libs/events -e libs/eventstore -e libs/bus -e libs/chassis \
        -e services/gateway -e services/onboarding -e services/billing -e services/media \
        -e services/publisher -e services/analytics -e services/support -e sandbox -e cli \
    && /opt/venv/bin/pip uninstall --quiet --yes uv_build \
    && /opt/venv/bin/python -m compileall -q libs services sandbox cli

FROM ${PYTHON_IMAGE}
# OpenCV's wheel draws without a screen, yet links these.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 libxcb1 \
    && rm -rf /var/lib/apt/lists/*
# Named volumes take owner and mode from the folders they are first mounted on.
RUN groupadd --gid 10001 ytempire \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin ytempire \
    && mkdir -p /run/ytempire/out /run/ytempire/given \
    && install -d -o ytempire -g ytempire -m 0700 /run/ytempire/keys \
    && install -d -o ytempire -g ytempire -m 0755 \
        /run/ytempire/trust /run/ytempire/sandbox /run/ytempire/nats-data \
        /var/lib/ytempire /var/lib/ytempire/assets /var/lib/ytempire/work \
    && for receiver in gateway onboarding billing media publisher analytics support postgres nats sandbox; do \
           install -d -o ytempire -g ytempire -m 0755 "/run/ytempire/out/$receiver"; \
       done
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    HOME=/tmp \
    TZ=UTC
WORKDIR /var/lib/ytempire
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=4 \
    CMD ["python", "-S", "/app/deploy/images/probe.py", "/livez"]
CMD ["ytempire", "--help"]
