# evdocs: the API and the page, models included, nothing fetched at run time.
#
#   docker build -t evdocs .
#   docker build -t evdocs --build-arg TORCH_INDEX_URL=<PyTorch's CPU wheel index> .     much smaller: no CUDA libraries
#   docker run --read-only --tmpfs /tmp -v evdocs-home:/var/lib/evdocs -p 127.0.0.1:8000:8000 evdocs
#
# Everything it writes is under EVDOCS_HOME (a volume) and /tmp.

FROM python:3.11.14-slim-bookworm AS build
ARG TORCH_INDEX_URL=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/evdocs
ENV PATH=/opt/evdocs/bin:$PATH
# The dependencies first, against empty packages: a change of our code does not install torch again.
COPY pyproject.toml requirements.lock README.md LICENSE ./
RUN python -c "import pathlib, tomllib; \
    names = tomllib.load(open('pyproject.toml', 'rb'))['tool']['setuptools']['packages']; \
    folders = [pathlib.Path(*name.split('.')) for name in names]; \
    [folder.mkdir(parents=True, exist_ok=True) or (folder / '__init__.py').touch() for folder in folders]" \
 && pip install -c requirements.lock ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} '.[ocr]' \
 && pip uninstall --yes evdocs && rm -rf build *.egg-info
COPY service service
COPY ingest ingest
COPY eval eval
RUN pip install --no-deps .

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="evdocs" \
      org.opencontainers.image.description="Answers EV and battery technicians' questions from the manuals, and proves every answer" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
# Tesseract reads scans; further languages are Debian packages too (tesseract-ocr-fra, ...).
RUN apt-get update \
 && apt-get install -y --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-deu tesseract-ocr-chi-sim tesseract-ocr-osd \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 evdocs \
 && useradd --uid 10001 --gid evdocs --no-create-home --home-dir /var/lib/evdocs --shell /usr/sbin/nologin evdocs \
 && install -d -o evdocs -g evdocs /var/lib/evdocs
COPY --from=build /opt/evdocs /opt/evdocs
ENV PATH=/opt/evdocs/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 \
    TRANSFORMERS_OFFLINE=1 \
    HOME=/tmp \
    EVDOCS_HOME=/var/lib/evdocs
USER 10001:10001
WORKDIR /var/lib/evdocs
VOLUME ["/var/lib/evdocs"]
EXPOSE 8000
STOPSIGNAL SIGTERM
# Alive, not ready: a service that waits for its first index is healthy, and says so on /readyz. No proxy may stand between.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + (os.environ.get('EVDOCS_PORT') or '8000') + '/healthz', timeout=4)"]
CMD ["evdocs", "serve", "--host", "0.0.0.0"]
