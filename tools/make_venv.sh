#!/bin/sh
# Makes the environment: sh tools/make_venv.sh FOLDER [PYTHON]. Says in one sentence what is missing.
set -eu
folder=$1
wanted=${2:-}

fail() { echo "trialsim: $1" >&2; exit 2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

python=
if [ -n "$wanted" ]; then
    is_new_enough "$wanted" || fail "$wanted is not Python 3.11 or later; name one that is: make PYTHON=/path/to/python3.11"
    python=$wanted
else
    for candidate in python3.14 python3.13 python3.12 python3.11 python3 python; do
        if is_new_enough "$candidate"; then python=$candidate; break; fi
    done
    [ -n "$python" ] || fail "Python 3.11 or later was not found; install it, or name it: make PYTHON=/path/to/python3.11"
fi

"$python" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
    fail "$("$python" -V) lacks its venv module; install it (Debian and Ubuntu: apt-get install python3-venv) and run make again."

if [ -e "$folder" ] && [ ! -e "$folder/pyvenv.cfg" ]; then
    fail "$folder exists and is not an environment; move it away, or name another: make VENV=folder"
fi
rm -rf "$folder"
"$python" -m venv "$folder" || fail "the environment could not be made in $folder (message above)."
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock ||
    fail "the locked packages could not be installed (message above); is a package index reachable?"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e . ||
    fail "trialsim itself could not be installed into $folder (message above)."
