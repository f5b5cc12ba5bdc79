// Package crds pins the modules whose CRD manifests the embedded cluster installs; nothing of it is built.
package crds

import (
	_ "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	_ "github.com/openshift/api/route/v1"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)
