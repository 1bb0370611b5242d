#!/bin/sh
# Makes tests/interop/.venv as tests/interop/uv.lock says: torch, TRL, PEFT and llama-cpp-python, which only
# `make test-interop` needs. The last one is built from its source: minutes of a C++ compiler.
# Comes after setup.sh, whose uv, pip and Python it uses.
set -eu
cd "$(dirname "$0")/.."

if [ "$(uname)" = Darwin ] || [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=1
fi
unset VIRTUAL_ENV
if [ "$(uname)" = Linux ] && ! command -v g++ >/dev/null; then
    sh packaging/apt_install.sh "a compiler for llama-cpp-python" g++
fi
echo "setup: making tests/interop/.venv (1.3 GB), and building llama.cpp (minutes)" >&2
UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-120}" \
    .uv/bin/uv sync --frozen --project tests/interop --python .venv/bin/python
if [ "$(uname)" = Linux ]; then
    # With pip, which looks also where this machine's own pip settings say, so a network without the index can mirror
    # the one file; its hash is checked wherever it comes from.
    PIP_USER=0 .uv/bin/python -m pip --python tests/interop/.venv/bin/python install --quiet \
        --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --extra-index-url https://download.pytorch.org/whl/cpu -r tests/interop/torch-linux.txt
fi
touch tests/interop/.venv/.ready
