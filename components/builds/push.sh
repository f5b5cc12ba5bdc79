#!/bin/bash
# An image of folders of models, written into a registry. No part of it needs a right that restricted pods lack, as building with RUN would.
# Environment: IMAGE (repository), DIGEST_FILE and URL_FILE (results), DOCKER_CONFIG where the registry wants to know who writes. Arguments: folders, below
# the working directory; in the image they are below /models. Equal folders make an image with an equal digest.
set -euo pipefail
revision=$(git rev-parse HEAD)
tar --create --file ../layer.tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=a+rX,go-w --transform 's|^|models/|' -- "$@"
pushed=$(crane append --new_layer ../layer.tar --new_tag "$IMAGE:$revision")
printf '%s' "${pushed##*@}" >"$DIGEST_FILE"
printf '%s' "$IMAGE" >"$URL_FILE"
printf 'builds[].digest: %s\n' "${pushed##*@}"
