#!/bin/bash
# Is this server ready? `ready.sh start`: every model generates a token, which loads it; one that only embeds, embeds. `ready.sh`: every model is in memory, which
# costs the server nothing; one that is not has to answer. What is wrong is printed and stands in the pod's events.
# Environment: MODELS, lines that begin with a model's name; LOAD_SECONDS, how long loading a model may take.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

answers() {
  local name=$1 shown answer right='"done":true'
  shown=$(request POST /api/show "{\"model\":\"$name\"}" 2>&1)
  if [[ $shown =~ \"capabilities\":\[([^]]*)\] && ${BASH_REMATCH[1]} != *'"completion"'* && ${BASH_REMATCH[1]} == *'"embedding"'* ]]; then
    right='"embeddings":[['
    answer=$(request POST /api/embed "{\"model\":\"$name\",\"input\":\"Hello\"}" "$LOAD_SECONDS" 2>&1)
  else
    answer=$(request POST /api/generate "{\"model\":\"$name\",\"prompt\":\"Hello\",\"stream\":false,\"options\":{\"num_predict\":1}}" "$LOAD_SECONDS" 2>&1)
  fi
  [[ $answer == *"$right"* ]] && return 0
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
  [[ $loaded == *"\"model\":\"$name\""* ]] || answers "$name" || failed=1
done <<<"$MODELS"
exit "$failed"
