#!/bin/sh
# Prints the path of the first Python that can make the environment; exit code 1 when there is none.
# Each candidate is run, because a name on PATH may be a shim that only fails. PYTHON=... overrides the search.
set -eu

QUESTION='
import platform, sys, sysconfig
import ensurepip, sqlite3, ssl, venv
assert (3, 11) <= sys.version_info[:2] < (3, 15)
assert not sysconfig.get_config_var("Py_GIL_DISABLED"), "no wheels for free-threaded builds"
assert sys.platform != "darwin" or platform.machine() == "arm64", "MLX needs Apple silicon, and a Python built for it"
print(sys.executable)
'

if [ -n "${PYTHON:-}" ]; then
    exec "$PYTHON" -c "$QUESTION"
fi
# Finder and some terminals on macOS start without Homebrew's folder on PATH.
PATH="$PATH:/opt/homebrew/bin:/usr/local/bin:/usr/bin"
for name in python3.13 python3.12 python3.14 python3.11 python3 python; do
    if found=$("$name" -c "$QUESTION" 2>/dev/null); then
        printf '%s\n' "$found"
        exit 0
    fi
done
# A shim or an incomplete Python may hide the system's.
for path in /opt/homebrew/bin/python3.1? /usr/local/bin/python3.1? /usr/bin/python3.1? /usr/bin/python3; do
    if found=$("$path" -c "$QUESTION" 2>/dev/null); then
        printf '%s\n' "$found"
        exit 0
    fi
done
exit 1
