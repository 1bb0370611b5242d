#!/bin/sh
# with_blas.sh COMMAND...: runs a command whose MLX uses Debian's OpenBLAS where it is installed: the BLAS inside
# MLX's Linux wheel is about 30 times slower. The program does the same for its children.
set -eu
blas="/usr/lib/$(uname -m)-linux-gnu/openblas-pthread/libopenblas.so.0"
if [ -e "$blas" ]; then
    export LD_PRELOAD="$blas${LD_PRELOAD:+ $LD_PRELOAD}"
    export OPENBLAS_NUM_THREADS=1
fi
exec "$@"
