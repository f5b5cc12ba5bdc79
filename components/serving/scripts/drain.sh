#!/bin/bash
# Before the server is told to stop: the sidecar takes no more requests, and answers when the last stream has ended, or its limit has passed.
# drain.sh PORT SECONDS: the sidecar's port for this, and how long to wait for it at most. Where there is no sidecar, there are no streams.
set -uo pipefail
OLLAMA_HOST=127.0.0.1:$1
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

answer=$(request POST /drain "" "$2" 2>&1) && exit 0
echo "not drained: $(error_of "$answer")"
exit 1
