#!/bin/sh
# run.sh PROGRAM: opens the window where there is a screen, and runs the demo in the terminal where there is none.
set -eu
program=$1

if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}" ] && [ -z "${WAYLAND_DISPLAY:-}" ] && [ -z "${QT_QPA_PLATFORM:-}" ]; then
    echo "There is no screen to open a window on: this runs the demo in the terminal."
    exec "$program" demo
fi
exec "$program"
