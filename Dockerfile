# One image for every process of the platform, and the object store with a folder that its user owns.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml ./
COPY shared shared
COPY services services
COPY gateway gateway
COPY infra infra
RUN /opt/venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && /opt/venv/bin/python -m compileall -q /app

FROM python:3.11-slim-bookworm AS platform
RUN groupadd --gid 10001 matrix \
 && useradd --uid 10001 --gid matrix --no-create-home --home-dir /tmp --shell /usr/sbin/nologin matrix
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MATRIX_DATA=/tmp/data
USER 10001:10001
ENTRYPOINT ["matrix"]
ARG BUILT_AT
LABEL org.opencontainers.image.created=$BUILT_AT

# The same with the database's own tools, for backups.
FROM platform AS operator
USER root
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends postgresql-client-15 > /dev/null \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o matrix -g matrix /data
USER 10001:10001

FROM chrislusf/seaweedfs:4.48 AS storage
COPY --chown=10001:10001 infra/storage/empty /store
USER 10001:10001
