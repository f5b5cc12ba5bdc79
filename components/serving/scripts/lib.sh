# Shared by the scripts of the model servers and loaders; sourced. Nothing but bash, and sha256sum where files are verified: the image has no HTTP client.
# Environment: OLLAMA_MODELS, the model store; OLLAMA_HOST, whose port is the server's.
LC_ALL=C # lengths in bytes

readonly api_host=127.0.0.1
readonly api_port=${OLLAMA_HOST##*:}

# request METHOD PATH [BODY [SECONDS]]: the body of the answer, line by line as it comes; fails when none came within SECONDS of silence (default 5).
# HTTP/1.0, so that the answer is not chunked and the server closes the connection at its end.
request() {
  local method=$1 path=$2 body=${3-} seconds=${4-5} line status got=
  # The subshell keeps bash's own message away when nobody listens.
  if ! (exec 3<>"/dev/tcp/$api_host/$api_port") 2>/dev/null; then
    echo "the server does not listen on $api_host:$api_port" >&2
    return 1
  fi
  exec 3<>"/dev/tcp/$api_host/$api_port" || return 1
  printf '%s %s HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "$method" "$path" "${#body}" "$body" >&3
  if ! IFS= read -r -t "$seconds" status <&3; then
    echo "no answer to $method $path within $seconds s" >&2
    exec 3>&-
    return 1
  fi
  while IFS= read -r -t "$seconds" line <&3 && [[ $line != $'\r' ]]; do :; done
  while IFS= read -r -t "$seconds" line <&3 || [[ -n $line ]]; do
    printf '%s\n' "$line"
    got=1
    line=
  done
  exec 3>&-
  [[ $status == *' 200 '* ]] && return 0
  [[ -n $got ]] || echo "$method $path: ${status%$'\r'}" >&2
  return 1
}

# error_of ANSWER: the text of "error" in a JSON answer, else the answer.
error_of() {
  if [[ $1 =~ \"error\":\"(([^\"\\]|\\.)*)\" ]]; then printf '%s' "${BASH_REMATCH[1]//\\\"/\"}"; else printf '%s' "${1:0:300}"; fi
}

# digests_of FILE: the digests that a model's manifest names, each once.
digests_of() {
  local text seen=' '
  text=$(<"$1")
  while [[ $text =~ sha256:([0-9a-f]{64}) ]]; do
    text=${text#*"${BASH_REMATCH[0]}"}
    [[ $seen == *" ${BASH_REMATCH[1]} "* ]] && continue
    seen+="${BASH_REMATCH[1]} "
    printf '%s\n' "${BASH_REMATCH[1]}"
  done
}

# bad_blobs MANIFEST: the digests of blobs that are missing or whose content is not what their name says, with the reason; fails when there is any.
bad_blobs() {
  local digest file sum bad=0
  for digest in $(digests_of "$1"); do
    file=$OLLAMA_MODELS/blobs/sha256-$digest
    if [[ ! -f $file ]]; then
      echo "$digest missing"
      bad=1
      continue
    fi
    sum=$(sha256sum <"$file") || sum=unreadable
    if [[ ${sum%% *} != "$digest" ]]; then
      echo "$digest corrupt (its content has sha256 ${sum%% *})"
      bad=1
    fi
  done
  return "$bad"
}
