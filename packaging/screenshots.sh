#!/bin/sh
# screenshots.sh PYTHON [FOLDER]: pictures of every pane, in both themes and two sizes, on a screen of their own.
set -eu
python=$1
folder=${2:-build/screenshots}
root=$(cd "$(dirname "$0")/.." && pwd)

if [ "$(uname)" = Linux ]; then
    exec xvfb-run -a -s "-screen 0 1600x1000x24" "$python" "$root/packaging/screenshots.py" "$folder"
fi
exec "$python" "$root/packaging/screenshots.py" "$folder"
