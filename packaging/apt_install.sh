#!/bin/sh
# apt_install.sh REASON PACKAGE...: installs packages of Debian or Ubuntu, as root or through sudo.
# Exit code 1, with the line to type, when this user can't; nobody is asked for a password without a terminal.
set -eu
reason=$1
shift

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && [ -t 0 ]; then
    as_root=sudo
    printf 'setup: sudo may ask for your password, to install %s: %s\n' "$reason" "$*" >&2
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    printf 'setup: missing: %s. This user may not install packages; ask an administrator for:\n' "$reason" >&2
    printf '    apt-get update && apt-get install -y --no-install-recommends %s\n' "$*" >&2
    exit 1
fi
printf 'setup: installing %s: %s\n' "$reason" "$*" >&2
$as_root env DEBIAN_FRONTEND=noninteractive sh -c '
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"' apt "$@" >&2
