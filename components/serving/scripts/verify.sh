#!/bin/bash
# Before a server starts: every file of its models is what its name says. It is read once more then, but from memory.
# Environment: OLLAMA_MODELS; MODELS, lines of "name manifest job" with the manifest's path below
# OLLAMA_MODELS/manifests and the Job that loads the model.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

failed=0
while read -r name manifest job; do
  [[ -n $name ]] || continue
  file=$OLLAMA_MODELS/manifests/$manifest
  fix="Fix: kubectl delete job $job in this project, then pulumi up --refresh (or make up), which loads it again"
  if [[ ! -f $file ]]; then
    echo "model $name is not in the store. $fix"
    failed=1
  elif bad=$(bad_blobs "$file"); then
    echo "model $name: verified"
  else
    echo "model $name: blob sha256-${bad//$'\n'/; blob sha256-}. $fix"
    failed=1
  fi
done <<<"$MODELS"
exit "$failed"
