#!/bin/bash
# One commit of a repository, into the working directory. Environment: URL, REF (branch or tag), REVISION (a commit, or nothing: the newest of REF), and for a
# repository that is not public the folder CREDENTIALS with the files username and password.
set -euo pipefail
export HOME=$PWD/.home GIT_TERMINAL_PROMPT=0
mkdir -p "$HOME"
if [[ -n ${CREDENTIALS-} ]]; then
  # Asked by Git itself, so that neither an argument nor a file has the password.
  git config --global credential.helper "!f() { printf 'username=%s\npassword=%s\n' \"\$(cat '$CREDENTIALS/username')\" \"\$(cat '$CREDENTIALS/password')\"; }; f"
fi
git init --quiet --template= source
cd source
git fetch --quiet --depth 1 "$URL" "${REVISION:-$REF}"
git checkout --quiet FETCH_HEAD
git log -1 --format='%H %s'
