#!/bin/sh
# Sets up all that the program and its tests need: system packages where they are missing, and the environment
# .venv exactly as uv.lock says. Repeating it is safe and takes a second.
set -eu
cd "$(dirname "$0")/.."

say() {
    printf 'setup: %s\n' "$*" >&2
}

on_debian() {
    [ "$(uname)" = Linux ] && command -v apt-get >/dev/null
}

has() { # a program on PATH, a library that the loader finds, or a file under /usr/lib/<machine>
    command -v "$1" >/dev/null || [ -e "/usr/lib/$(uname -m)-linux-gnu/$1" ] || /sbin/ldconfig -p | grep -qF "	$1 "
}

missing_packages() {
    grep -v '^#' packaging/debian-packages.txt | while read -r need package; do
        has "$need" || printf '%s ' "$package"
    done
}

install_system_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if ! on_debian; then
        say "this system lacks what Debian has in: $missing"
    # shellcheck disable=SC2086 # one word per package
    elif sh packaging/apt_install.sh "a fast BLAS for MLX, Qt's libraries, a screen and a keychain for tests" $missing; then
        return 0
    fi
    say "going on without them: MLX is slower without OpenBLAS, and windows need the rest"
}

install_python() {
    if on_debian; then
        say "no complete Python 3.11 to 3.14 here"
        # Debian's own Python may be there without its venv module.
        sh packaging/apt_install.sh "Python with its venv module" python3 python3-venv
    elif command -v brew >/dev/null; then
        say "no Python 3.11 to 3.14 here: Homebrew installs one"
        brew install python@3.13 >&2
    else
        false
    fi
}

find_python() {
    sh packaging/find_python.sh && return
    [ -z "${PYTHON:-}" ] && install_python && sh packaging/find_python.sh && return
    say "found no Python 3.11 to 3.14 with venv, ssl and sqlite3. Install one (macOS: python.org or Homebrew," \
        "Debian: python3 and python3-venv), or name one: make setup PYTHON=/path/to/python3"
    return 1
}

install_uv() { # apart from .venv, which uv makes and may make anew
    wanted=$(sed -n 's/^uv==\([0-9.]*\).*/uv \1/p' packaging/uv.txt)
    case "$(.uv/bin/uv --version 2>/dev/null || true) " in "$wanted "*) return 0 ;; esac
    say "installing $wanted into .uv"
    rm -rf .uv
    "$python" -m venv .uv
    PIP_USER=0 .uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r packaging/uv.txt
}

if [ "$(uname)" = Linux ]; then
    install_system_packages
fi
python=$(find_python)
install_uv
say "making .venv with $python"
unset VIRTUAL_ENV
# A company's network is known to the system's certificates, not to uv's own; a bare Debian has only uv's own.
if [ "$(uname)" = Darwin ] || [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=1
fi
# Compiled once here, thousands of files need no compiling at each start of a child.
UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-120}" \
    UV_COMPILE_BYTECODE_TIMEOUT=600 \
    .uv/bin/uv sync --frozen --compile-bytecode --python "$python"
touch .venv/.ready
say "done: the program is .venv/bin/lorastudio"
