#!/bin/bash
# Is this server ready? `ready.sh start`: every model generates a token, which loads it. `ready.sh`: every model is in memory, which costs the server nothing;
# one that is not has to generate a token. What is wrong is printed and stands in the pod's events.
# Environment: MODELS, lines that begin with a model's name; LOAD_SECONDS, how long loading a model may take.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

generate() {
  local name=$1 answer
  answer=$(request POST /api/generate "{\"model\":\"$name\",\"prompt\":\"Hello\",\"stream\":false,\"options\":{\"num_predict\":1}}" "$LOAD_SECONDS" 2>&1)
  [[ $answer == *'"done":true'* ]] && return 0
  echo "model $name does not answer: $(error_of "$answer")"
  return 1
}

loaded=
if [[ ${1-} != start ]]; then
  loaded=$(request GET /api/ps 2>&1) || { echo "the server does not answer: $(error_of "$loaded")"; exit 1; }
fi
failed=0
while read -r name _; do
  [[ -n $name ]] || continue
  [[ $loaded == *"\"model\":\"$name\""* ]] || generate "$name" || failed=1
done <<<"$MODELS"
exit "$failed"
