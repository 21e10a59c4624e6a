# A Sendflow worker: docker build -t sendflow .

FROM python:3.12-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# The image runs the compiled form.
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
# The environment of the image first: it changes more rarely than the code.
COPY requirements.txt .
RUN python -m venv /opt/sendflow \
 && /opt/sendflow/bin/pip install --require-hashes -r requirements.txt
# The build backend comes from the lock as well.
COPY requirements-dev.txt .
RUN pip install --require-hashes -r requirements-dev.txt
COPY pyproject.toml README.md LICENSE ./
COPY streams streams
COPY schemas schemas
COPY flows flows
RUN SENDFLOW_FORM=compiled pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/sendflow/bin/pip install --no-deps --no-index /wheels/*.whl

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home sendflow \
 && install -d -o sendflow -g sendflow /var/lib/sendflow
COPY --from=build /opt/sendflow /opt/sendflow
ENV PATH=/opt/sendflow/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SENDFLOW_FORM=compiled \
    SENDFLOW_DATA_DIR=/var/lib/sendflow \
    SENDFLOW_WEB_PORT=6066
USER sendflow
WORKDIR /var/lib/sendflow
VOLUME /var/lib/sendflow
EXPOSE 6066
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['SENDFLOW_WEB_PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["sendflow"]
CMD ["worker"]
