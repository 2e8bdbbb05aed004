# docker build --target cpu -t penstock:cpu .
# docker build --target gpu -t penstock:gpu .
# The same wheel in both; only the ONNX Runtime differs.
ARG PYTHON=3.11-slim-bookworm

# ── The wheel, built with hash-checked tools
FROM python:${PYTHON} AS wheel
WORKDIR /src
COPY requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY app app
COPY filters filters
COPY migrations migrations
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

# ── A virtual environment for each runtime, from hash-checked lists
FROM python:${PYTHON} AS venv-cpu
COPY requirements/cpu.txt /requirements.txt
RUN python -m venv /opt/penstock \
 && /opt/penstock/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt
COPY --from=wheel /wheels /wheels
RUN /opt/penstock/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:${PYTHON} AS venv-gpu
COPY requirements/gpu.txt /requirements.txt
RUN python -m venv /opt/penstock \
 && /opt/penstock/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt
COPY --from=wheel /wheels /wheels
RUN /opt/penstock/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

# ── What both images share: a user of its own, the bundles, the settings, the sample sources
FROM python:${PYTHON} AS base
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/penstock --create-home \
      --shell /usr/sbin/nologin penstock
COPY models /srv/penstock/models
COPY docs /srv/penstock/docs
COPY penstock.toml README.md /srv/penstock/
WORKDIR /srv/penstock
ENV PATH=/opt/penstock/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PENSTOCK_HOST=0.0.0.0 \
    PENSTOCK_HOME=/var/lib/penstock
USER 10001:10001
VOLUME /var/lib/penstock
EXPOSE 8000
STOPSIGNAL SIGTERM
# Alive, not ready: a container that waits for its database must not be killed for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"PENSTOCK_PORT\", 8000)}/livez', timeout=2)"]
ENTRYPOINT ["penstock"]
CMD ["serve"]

FROM base AS gpu
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=venv-gpu /opt/penstock /opt/penstock

FROM base AS cpu
COPY --from=venv-cpu /opt/penstock /opt/penstock
