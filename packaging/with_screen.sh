#!/bin/sh
# with_screen.sh COMMAND...: runs it on the screen there is, or on one in memory.
set -eu
if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}" ]; then
    exec env QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1600x1000x24" "$@"
fi
exec "$@"
