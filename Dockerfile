# syntax=docker/dockerfile:1
# One image for each daemon: `docker build --target worker .`, and likewise watcher and gateway.
# VARIANT=gpu installs onnxruntime for CUDA with its libraries; the host needs the NVIDIA container runtime.

ARG PYTHON_VERSION=3.11
FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ARG VARIANT=cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/atomic && /opt/atomic/bin/pip install "hatchling>=1.27"
COPY requirements/${VARIANT}.lock requirements/
RUN /opt/atomic/bin/pip install --require-hashes -r requirements/${VARIANT}.lock
COPY pyproject.toml README.md LICENSE ./
COPY atomic_verify atomic_verify
COPY prover prover
COPY circuits circuits
RUN /opt/atomic/bin/pip install --no-deps --no-build-isolation . && /opt/atomic/bin/pip uninstall --yes hatchling

FROM python:${PYTHON_VERSION}-slim-bookworm AS base
RUN groupadd --gid 10001 atomic && useradd --uid 10001 --gid atomic --home-dir /var/lib/atomic --create-home atomic
COPY --from=build /opt/atomic /opt/atomic
ENV PATH=/opt/atomic/bin:$PATH PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1 \
    ATOMIC_DATA_DIR=/var/lib/atomic/data ATOMIC_MODELS_DIR=/var/lib/atomic/models \
    ATOMIC_DEPLOYMENTS_DIR=/var/lib/atomic/deployments ATOMIC_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/atomic
VOLUME /var/lib/atomic
ENTRYPOINT ["atomic"]

FROM base AS worker
ENV ATOMIC_WORKER__HOST=0.0.0.0
EXPOSE 8421
CMD ["worker", "run"]

FROM base AS watcher
ENV ATOMIC_WATCHER__HOST=0.0.0.0
EXPOSE 8422
CMD ["watcher", "run"]

FROM base AS gateway
EXPOSE 8420
CMD ["gateway", "run"]
