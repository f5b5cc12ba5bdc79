/** Which policy of ours a scanner's check is about, and what is to be said of the checks that none of ours has. */
import type { Scanner } from "./scanners";

/** Number of the policy, by the scanner's name of the check. */
export const policyOf: Readonly<Record<Scanner["name"], Readonly<Record<string, number>>>> = {
  checkov: {
    CKV_K8S_8: 23, CKV_K8S_9: 23, CKV_K8S_10: 22, CKV_K8S_11: 22, CKV_K8S_12: 22, CKV_K8S_13: 22, CKV_K8S_14: 25, CKV_K8S_16: 11, CKV_K8S_17: 17, CKV_K8S_18: 17,
    CKV_K8S_19: 17, CKV_K8S_20: 12, CKV_K8S_21: 21, CKV_K8S_22: 16, CKV_K8S_23: 13, CKV_K8S_25: 14, CKV_K8S_26: 17, CKV_K8S_27: 18, CKV_K8S_28: 14, CKV_K8S_29: 13,
    CKV_K8S_30: 12, CKV_K8S_31: 15, CKV_K8S_35: 44, CKV_K8S_37: 14, CKV_K8S_38: 20, CKV_K8S_39: 14, CKV_K8S_40: 13, CKV_K8S_41: 21, CKV_K8S_42: 21, CKV_K8S_43: 25,
    CKV_K8S_49: 38, CKV_K8S_155: 41, CKV_K8S_156: 41, CKV_K8S_157: 41, CKV_K8S_158: 41, CKV2_K8S_1: 41, CKV2_K8S_2: 41, CKV2_K8S_3: 41, CKV2_K8S_5: 40, CKV2_K8S_6: 32,
  },
  "kube-score": {
    "container-resources": 22, "container-ephemeral-storage-request-and-limit": 22, "container-image-tag": 25, "container-security-context-user-group-id": 13,
    "container-security-context-privileged": 11, "container-security-context-readonlyrootfilesystem": 16, "container-seccomp-profile": 15, "pod-networkpolicy": 32,
    "pod-probes": 23, "pod-probes-identical": 23, "deployment-replicas": 49, "deployment-has-host-podantiaffinity": 49, "statefulset-has-host-podantiaffinity": 49,
    "pod-topology-spread-constraints": 49, "deployment-has-poddisruptionbudget": 50, "statefulset-has-poddisruptionbudget": 50, "poddisruptionbudget-has-policy": 50,
    "horizontalpodautoscaler-has-target": 51, "horizontalpodautoscaler-replicas": 51, "service-targets-pod": 52, "service-type": 35, "cronjob-has-deadline": 54,
    "stable-version": 60, "container-memory-requests-equal-limits": 22,
  },
}; // prettier-ignore

/** Checks that no policy has, and what we say of them. */
export const unshared: Readonly<Record<string, string>> = {
  CKV_K8S_15:
    "a pinned digest can't be another image tomorrow, whoever pulled it; `Always` only checks the pull secret anew, and keeps a pod from starting while the registry is away",
  "container-image-pull-policy": "as checkov's CKV_K8S_15",
  "container-resource-requests-equal-limits": "only memory can't be taken back from a container: there it is asked for where GPUs are used (22)",
  "container-cpu-requests-equal-limits": "idle cores are for whoever can use them",
  "container-ephemeral-storage-request-equals-limit": "a limit is asked for; a request of the same size would be reserved and rarely used",
  "container-ports-check": "names of ports are checked where a Service or a monitor uses them (52)",
  "networkpolicy-targets-pod": "false where pods come later, as in a team's project: a policy that closes a project has to be there first",
  "statefulset-has-servicename": "true, and none of our policies says it: without a headless Service the pods of a StatefulSet have no names of their own",
  "deployment-strategy": "false for a volume that one pod at a time can mount: there Recreate is right",
};

/** Why a scanner finds what a policy of ours does not, by the policy's number. */
export const missed: Readonly<Record<number, string>> = {
  13: "the hub's user id is fixed at 1000, and the scanners want one above 10000, which no user of a node has; ours asks for any but root's, since ids are the platform's to choose: on OpenShift it refuses fixed ones",
};

/** What the scanners find in our own production: whether it holds, and why not. */
export const ofOurOwn: Readonly<Record<string, { readonly holds: boolean; readonly why: string }>> = {
  CKV_K8S_43: { holds: true, why: "until `make images-lock` has written the digests, where registries answer; production on a cluster that is not the embedded one is refused before (25)" },
  CKV_K8S_15: { holds: false, why: "images are pinned by digest, as soon as the digests are written (25)" },
  "container-image-pull-policy": { holds: false, why: "images are pinned by digest, as soon as the digests are written (25)" },
  CKV_K8S_40: { holds: false, why: "on OpenShift the security context constraint gives each project user ids of its own, above 1000000000, and refuses fixed ones" },
  "container-security-context-user-group-id": { holds: false, why: "as CKV_K8S_40" },
  "networkpolicy-targets-pod": { holds: false, why: "projects are closed before there are pods in them; those of analyses and of teams come later" },
  "container-resource-requests-equal-limits": { holds: false, why: "cores are shared where they idle; memory is where a GPU's pod would be lost with it (22)" },
  "container-cpu-requests-equal-limits": { holds: false, why: "cores are shared where they idle" },
  "container-memory-requests-equal-limits": { holds: false, why: "asked for in containers with GPUs (22), whose memory can't be made up for elsewhere; the others are small" },
  "container-ephemeral-storage-request-equals-limit": { holds: false, why: "what is limited is enough: no pod can fill a node" },
  "deployment-replicas": { holds: false, why: "this Deployment only holds the template: the Rollout that names it runs the pods, and the autoscaler says how many" },
  "deployment-has-host-podantiaffinity": { holds: false, why: "the pods have topologySpreadConstraints over nodes, which the check does not look at" },
}; // prettier-ignore
