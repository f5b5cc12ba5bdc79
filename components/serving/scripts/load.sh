#!/bin/bash
# Loads one model into the store and proves it. Run again, it does only what is left: what is there and right stays, what is corrupt or missing is loaded again.
# Environment: OLLAMA_MODELS, OLLAMA_HOST (loopback); MODEL, its name; MANIFEST, the path of its manifest below OLLAMA_MODELS/manifests; VERSION, what stands for its
# source; SOURCE_DIR, a folder with a Modelfile and sha256sums, or SOURCE_NAME, SOURCE_MANIFEST and SOURCE_DIGEST, a name in a
# registry, the path of its manifest in the store, and that manifest's digest; QUANTIZE, the type that the weights get, or nothing.
# Exit status 64: trying again can't help.
set -uo pipefail
shopt -s globstar
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly manifest_file=$OLLAMA_MODELS/manifests/$MANIFEST
readonly mark=$OLLAMA_MODELS/loaded/$MANIFEST # holds the version that was loaded under this name
readonly record=$OLLAMA_MODELS/records/$MANIFEST.json # what was loaded: type and digests
readonly server_log=${TMPDIR:-/tmp}/server.log
server=

say() { printf '%s %s: %s\n' "$(printf '%(%H:%M:%S)T' -1)" "$MODEL" "$1"; }
fail() { # STATUS MESSAGE FIX
  say "$2. Fix: $3"
  exit "$1"
}
stop_server() {
  [[ -n $server ]] || return 0
  kill -TERM "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=
}
trap stop_server EXIT
trap 'exit 143' TERM INT

start_server() {
  local i
  ollama serve >"$server_log" 2>&1 &
  server=$!
  for ((i = 0; i < 600; i++)); do
    request GET /api/version >/dev/null 2>&1 && return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 5 "$server_log"
  fail 1 "ollama did not start" "see the lines above; is the volume writable and not full?"
}

# Takes the blobs away that are not what they say, so that they are made or pulled again; Ollama itself trusts whatever has the right name. Fails when there was one.
remove_bad_blobs() {
  local digest reason bad=0
  while read -r digest reason; do
    bad=1
    say "blob sha256-$digest is $reason"
    rm -f -- "$OLLAMA_MODELS/blobs/sha256-$digest"
  done < <(bad_blobs "$1")
  return "$bad"
}

from_folder() {
  local sum file dest whole
  [[ -f $SOURCE_DIR/Modelfile && -f $SOURCE_DIR/sha256sums ]] || fail 64 "the source image has no Modelfile and sha256sums in ${SOURCE_DIR}" "correct models[].source.path, or the image"
  say "verifying the source"
  (cd "$SOURCE_DIR" && sha256sum --check --strict --quiet sha256sums) || fail 64 "the source is not what its sha256sums say" "make or pull the image again"
  # A blob of that name is taken as it is by `ollama create`.
  while read -r sum file; do
    dest=$OLLAMA_MODELS/blobs/sha256-$sum
    [[ -f $dest ]] || continue
    [[ $(sha256sum <"$dest") == "$sum "* ]] || { say "blob sha256-$sum ($file) is corrupt"; rm -f -- "$dest"; }
  done <"$SOURCE_DIR/sha256sums"
  if [[ -z ${QUANTIZE-} ]]; then
    create "$MODEL" "$SOURCE_DIR/Modelfile"
    return
  fi
  # In two steps, the first under a name of its own: what Safetensors become in between would else stay on the volume without one.
  whole=${MODEL%%:*}:unquantized-$VERSION
  create "$whole" "$SOURCE_DIR/Modelfile"
  quantize "$whole"
  while read -r sum file; do remove_unused "$sum"; done <"$SOURCE_DIR/sha256sums"
}

# create NAME MODELFILE
create() {
  say "creating"
  watch_command ollama create "$1" -f "$2" || fail 1 "ollama create failed: $(last_error)" "correct the Modelfile, or make room on the volume"
}

# quantize NAME: makes the model of one that is in the store, which goes with the weights that only it has: they are several times as large as the result.
quantize() {
  local why modelfile=${TMPDIR:-/tmp}/Modelfile
  printf 'FROM %s\n' "$1" >"$modelfile"
  say "quantizing to $QUANTIZE"
  if ! watch_command ollama create "$MODEL" -f "$modelfile" --quantize "$QUANTIZE"; then
    why=$(last_error)
    [[ $why == *'only supported for F16 and F32'* || $why == *'unsupported quantization type'* ]] ||
      fail 1 "ollama create failed: $why" "make room on the volume, or give the loader more memory"
    forget "$1"
    fail 64 "the source can't be quantized: $why" "take a source in F16, or remove models[].quantize"
  fi
  forget "$1"
}

# forget NAME: its blobs go with the last name that they have.
forget() {
  [[ $1 == "$MODEL" ]] || request DELETE /api/delete "{\"model\":\"$1\"}" 60 >/dev/null || say "$1 stays in the store"
}

# remove_unused DIGEST: removes a blob that no model has.
remove_unused() {
  local manifest
  for manifest in "$OLLAMA_MODELS"/manifests/**/*; do
    [[ ! -f $manifest || $(<"$manifest") != *"$1"* ]] || return 0
  done
  rm -f -- "$OLLAMA_MODELS/blobs/sha256-$1"
}

# Runs a command with its output in a file, and shows a sign of life every 10 s.
watch_command() {
  local pid ticks=0
  "$@" >"$server_log.command" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    ((++ticks % 50)) || say "still at it after $((ticks / 5)) s"
  done
  wait "$pid"
}
last_error() {
  local text line last=
  text=$(<"$server_log.command")
  while IFS= read -r line; do [[ $line == *rror* ]] && last=${line##*$'\r'}; done <<<"$text"
  printf '%s' "${last:-see the log of the server}"
}

from_registry() {
  local line done_percent shown=-1 problem='' digest before='' pulled=$OLLAMA_MODELS/manifests/$SOURCE_MANIFEST
  [[ ! -f $pulled ]] || before=$(<"$pulled")
  say "pulling $SOURCE_NAME"
  while IFS= read -r line; do
    [[ $line =~ \"error\": ]] && problem=$(error_of "$line")
    [[ $line =~ \"total\":([0-9]+),\"completed\":([0-9]+) && ${BASH_REMATCH[1]} -gt 0 ]] || continue
    done_percent=$((BASH_REMATCH[2] * 100 / BASH_REMATCH[1]))
    ((done_percent / 10 == shown)) && continue
    shown=$((done_percent / 10))
    say "$done_percent % of $((BASH_REMATCH[1] / 1048576)) MiB"
  done < <(request POST /api/pull "{\"model\":\"$SOURCE_NAME\",\"stream\":true}" 300 2>&1)
  [[ -z $problem ]] || fail 1 "the pull failed: $problem" "check the name, the way out on port 443 and the room on the volume; what was pulled stays and is not pulled again"
  [[ -f $pulled ]] || fail 1 "the pull ended without a manifest" "see the log of the registry or the proxy; it is tried again"
  digest=$(sha256sum <"$pulled")
  if [[ sha256:${digest%% *} != "$SOURCE_DIGEST" ]]; then
    # What is served under this name stays what it was.
    if [[ -n $before ]]; then printf '%s' "$before" >"$pulled"; else rm -f -- "$pulled"; fi
    fail 64 "the registry served sha256:${digest%% *}, the configuration says $SOURCE_DIGEST" "find out why, then correct models[].source.digest"
  fi
  if [[ -n ${QUANTIZE-} ]]; then
    quantize "$SOURCE_NAME"
    return
  fi
  [[ $SOURCE_NAME == "$MODEL" ]] || line=$(request POST /api/copy "{\"source\":\"$SOURCE_NAME\",\"destination\":\"$MODEL\"}" 60 2>&1) ||
    fail 1 "could not be named: $(error_of "$line")" "is the volume full? it is tried again"
}

# Writes down what is served under this name: the type of its weights, and the digests of manifest and weights. A type that was not asked for is no success.
keep_record() {
  local manifest config sum type='' weights=''
  manifest=$(<"$manifest_file")
  [[ $manifest =~ \"config\":\{[^}]*sha256:([0-9a-f]{64}) ]] && config=$(<"$OLLAMA_MODELS/blobs/sha256-${BASH_REMATCH[1]}")
  [[ ${config-} =~ \"file_type\":\"([^\"]*)\" ]] && type=${BASH_REMATCH[1]}
  [[ $manifest =~ image\.model\",\"digest\":\"(sha256:[0-9a-f]{64})\" ]] && weights=${BASH_REMATCH[1]}
  [[ -z ${QUANTIZE-} || $type == "$QUANTIZE" ]] || fail 64 "the weights are ${type:-of an unknown type}, not $QUANTIZE" "remove models[].quantize, or take another source"
  sum=$(sha256sum <"$manifest_file")
  mkdir -p "${record%/*}" || fail 1 "the record can't be written" "is the volume full?"
  printf '{"model":"%s","version":"%s","type":"%s","quantized":%s,"weights":"%s","manifest":"sha256:%s"}\n' \
    "$MODEL" "$VERSION" "$type" "$([[ -n ${QUANTIZE-} ]] && echo true || echo false)" "$weights" "${sum%% *}" >"$record"
  say "weights ${type:-of an unknown type}, $weights"
}

if [[ -f $manifest_file ]] && remove_bad_blobs "$manifest_file" && [[ -f $mark && $(<"$mark") == "$VERSION" ]]; then
  say "is loaded and verified"
  exit 0
fi
mkdir -p "$OLLAMA_MODELS/blobs" "$OLLAMA_MODELS/manifests" "${mark%/*}" || fail 1 "the store can't be written" "check the volume and its access mode"
start_server
if [[ -n ${SOURCE_DIR-} ]]; then from_folder; else from_registry; fi
stop_server
[[ -f $manifest_file ]] || fail 1 "there is no manifest at $MANIFEST" "see the log above"
say "verifying"
remove_bad_blobs "$manifest_file" || fail 1 "the store does not hold what was written" "it is loaded again by the next try; if that repeats, the volume is broken"
keep_record
printf '%s\n' "$VERSION" >"$mark"
say "is loaded and verified"
