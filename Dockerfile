# Two stages: the first builds the page and installs the locked packages, the second runs them and nothing else.

FROM python:3.13-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/nano-banana
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
# the packages change less often than the sources: a layer of their own
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.13-slim-bookworm
RUN install -d -o 10001 -g 10001 /data
COPY --from=build /opt/nano-banana /opt/nano-banana
ENV PATH=/opt/nano-banana/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3000/api/health', timeout=4)"]
CMD ["nano-banana", "serve"]
