# One image for `serve`, `proxy`, `shadow` and `control`. It holds no routes.yaml: mount yours.
#
#   docker build -t banyan .
#   docker run --read-only --tmpfs /tmp -p 8080:8080 \
#     --mount type=bind,src=./config,dst=/etc/banyan,readonly --mount type=volume,src=banyan,dst=/srv/banyan/var banyan

ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS builder
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv==0.13.8
ENV UV_CACHE_DIR=/var/cache/uv UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/banyan UV_PYTHON_DOWNLOADS=never
WORKDIR /build
# Dependencies first: a layer that only a new lock file makes anew.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/var/cache/uv uv sync --locked --no-dev --all-extras --no-install-project
COPY README.md LICENSE ./
COPY proxy proxy
COPY shadow shadow
COPY .ci/compile .ci/compile
RUN --mount=type=cache,target=/var/cache/uv uv run --isolated --locked --no-default-groups --group compile .ci/compile
# hadolint ignore=DL3059
RUN --mount=type=cache,target=/var/cache/uv uv sync --locked --no-dev --all-extras --no-editable

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Banyan" \
      org.opencontainers.image.description="A strangler-fig reverse proxy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
COPY --from=builder /opt/banyan /opt/banyan
ENV PATH=/opt/banyan/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# The paths of routes.yaml are relative to here; var/ is the one place that Banyan writes to.
WORKDIR /srv/banyan
RUN mkdir var && chown 10001:10001 var
VOLUME /srv/banyan/var
USER 10001:10001
EXPOSE 8080 9900 9901
STOPSIGNAL SIGTERM
# `serve` answers on the control port. Under Kubernetes the probes of k8s/ take this one's place.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", \
  "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 9900, timeout=2); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["banyan"]
CMD ["serve", "--config", "/etc/banyan/routes.yaml"]
