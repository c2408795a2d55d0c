#!/usr/bin/env bash
# Make .venv and install the locked requirements: `install.sh run` for the service, `install.sh dev` for building and testing.
set -eu
cd "$(dirname "$0")/.."
what=$1

say() { printf '%s\n' "$*" >&2; }

# The stamp holds what was installed and where: a changed lock file or a moved folder is noticed, a second call costs nothing.
state() { { pwd -P; cat "requirements/$1.txt" pyproject.toml; } | cksum; }
holds() { [ -x .venv/bin/diandan ] && [ "$(cat ".venv/stamp-$1" 2>/dev/null)" = "$(state "$1")" ]; }
if holds "$what" || { [ "$what" = run ] && holds dev; }; then exit 0; fi

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
pick_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if recent "$candidate"; then command -v "$candidate"; return; fi
    done
    say "diandan needs Python 3.11 or newer (python3, python3.13, python3.12 and python3.11 were tried). On Debian 12: apt-get install python3 python3-venv"
    return 1
}

python=$(pick_python)
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    say "$python has no venv module. On Debian or Ubuntu: apt-get install python3-venv"
    exit 1
fi
if ! { [ -x .venv/bin/python ] && recent .venv/bin/python; }; then
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi
say "installing requirements/$what.txt (a minute or two, once)"
export PIP_DISABLE_PIP_VERSION_CHECK=1
.venv/bin/python -m pip install -q --require-hashes -r "requirements/$what.txt"
# The build backend is among the locked requirements, so that nothing unpinned is fetched here.
.venv/bin/python -m pip install -q --no-deps --no-build-isolation -e .
state "$what" > ".venv/stamp-$what"
