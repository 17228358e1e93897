#!/bin/sh
# Names what the build needs and this machine lacks, with the command that installs it.
python=$1
missing=

command -v "$python" >/dev/null || missing="$missing python3"
command -v cc >/dev/null || command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
if command -v "$python" >/dev/null; then
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "lltool needs Python 3.11 or newer; $python is $("$python" -V). Name another: make PYTHON=python3.12" >&2
        exit 1
    fi
    "$python" -c 'import venv, ensurepip' 2>/dev/null || missing="$missing python3-venv"
    "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' || missing="$missing python3-dev"
fi
if [ -n "$missing" ]; then
    echo "This machine lacks:$missing" >&2
    echo "Install it with: apt-get install$missing" >&2
    exit 1
fi
