#!/bin/bash
# Does this server answer at all? It listens on the pod's loopback only, where the kubelet does not reach it. Environment: OLLAMA_HOST.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

answer=$(request GET /api/version 2>&1) && exit 0
echo "the server does not answer: $(error_of "$answer")"
exit 1
