#!/bin/sh
# Makes tests/benchmarks/peers/.venv as the uv.lock there says: the trainer that only `make bench-training` needs.
# Comes after setup.sh, whose uv and Python it uses.
set -eu
cd "$(dirname "$0")/.."

if [ "$(uname)" = Darwin ] || [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=1
fi
unset VIRTUAL_ENV
echo "setup: making tests/benchmarks/peers/.venv (0.6 GB)" >&2
UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-120}" \
    .uv/bin/uv sync --frozen --compile-bytecode --project tests/benchmarks/peers --python .venv/bin/python
touch tests/benchmarks/peers/.venv/.ready
