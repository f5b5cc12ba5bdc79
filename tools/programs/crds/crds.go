// Package crds pins the modules whose CRD manifests the embedded cluster installs; nothing of it is built.
package crds

import (
	_ "github.com/kedacore/keda/v2/version"
	_ "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	_ "github.com/openshift/api/route/v1"
	_ "github.com/tektoncd/pipeline/pkg/apis/version"
	_ "github.com/tektoncd/triggers/pkg/apis/triggers"
	_ "k8s.io/autoscaler/vertical-pod-autoscaler/common"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)
