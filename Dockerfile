# One image for every process of Newsfold; docker-compose.yml says which command each container runs.
FROM python:3.12-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/newsfold
COPY requirements.lock /src/
RUN /opt/newsfold/bin/pip install --require-hashes -r /src/requirements.lock
COPY pyproject.toml README.md LICENSE /src/
COPY ingest /src/ingest
COPY models /src/models
COPY workers /src/workers
RUN /opt/newsfold/bin/pip install --no-deps /src


FROM python:3.12-slim-bookworm

# libgomp1: OpenMP for CTranslate2
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /data newsfold
COPY --from=build /opt/newsfold /opt/newsfold
ENV PATH=/opt/newsfold/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    INGEST_DATA_DIR=/data \
    INGEST_LOG_FORMAT=json
USER newsfold
WORKDIR /data
VOLUME /data
CMD ["ingest", "--help"]
