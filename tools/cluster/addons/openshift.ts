/**
 * OpenShift's admission of pods, by the constraint `restricted-v2`, as admission policies: user id and fsGroup are assigned from the namespace's ranges, literal
 * ones outside are refused, and so is what the constraint forbids. Namespaces of the system are exempt, as they are there.
 */
import type { KubeObject } from "../api";
import { clusterRole, clusterRoleBinding } from "./common";

const name = "openshift-restricted-v2";
const admission = "admissionregistration.k8s.io/v1";

const exempt = {
  name: "not-a-system-namespace",
  expression: '!(request.namespace in ["default", "openshift"] || request.namespace.startsWith("kube-") || request.namespace.startsWith("openshift-"))',
};

const annotation = (key: string) => {
  const map = "namespaceObject.metadata.annotations";
  return `has(${map}) && "${key}" in ${map} ? ${map}["${key}"] : ""`;
};

/** Start and size, as in `1000650000/10000`; the first where there are several. */
const rangeVariables = [
  { name: "uids", expression: annotation("openshift.io/sa.scc.uid-range") },
  { name: "groups", expression: annotation("openshift.io/sa.scc.supplemental-groups") },
  { name: "firstUid", expression: 'variables.uids == "" ? 0 : int(variables.uids.split("/")[0])' },
  { name: "lastUid", expression: 'variables.uids == "" ? 0 : variables.firstUid + int(variables.uids.split("/")[1]) - 1' },
  { name: "firstGroup", expression: 'variables.groups == "" ? 0 : int(variables.groups.split(",")[0].split("/")[0])' },
  { name: "lastGroup", expression: 'variables.groups == "" ? 0 : variables.firstGroup + int(variables.groups.split(",")[0].split("/")[1]) - 1' },
];

/** Assigns to containers that say nothing, themselves or through their pod. */
const assign = (list: "containers" | "initContainers") => {
  const type = `Object.spec.${list}`;
  const unset = "!has(c.securityContext) || !has(c.securityContext";
  return `object.spec.${list}.map(c, ${type}{
      name: c.name,
      securityContext: ${type}.securityContext{
        ?runAsUser: !variables.podUser && (${unset}.runAsUser)) ? optional.of(variables.firstUid) : optional.none(),
        ?allowPrivilegeEscalation: !has(c.securityContext) || !has(c.securityContext.allowPrivilegeEscalation) && !has(c.securityContext.privileged) ? optional.of(false) : optional.none()
      }
    })`;
};

const mutation = `variables.uids == "" || variables.groups == "" ? Object{} : Object{
  metadata: Object.metadata{annotations: {"openshift.io/scc": "restricted-v2"}},
  spec: Object.spec{
    securityContext: Object.spec.securityContext{
      ?fsGroup: !has(object.spec.securityContext) || !has(object.spec.securityContext.fsGroup) ? optional.of(variables.firstGroup) : optional.none(),
      ?seccompProfile: !has(object.spec.securityContext) || !has(object.spec.securityContext.seccompProfile)
        ? optional.of(Object.spec.securityContext.seccompProfile{type: "RuntimeDefault"}) : optional.none()
    },
    containers: ${assign("containers")},
    ?initContainers: has(object.spec.initContainers) ? optional.of(${assign("initContainers")}) : optional.none()
  }
}`;

const security = (field: string) => `has(c.securityContext) && has(c.securityContext.${field})`;
const prefix = '"unable to validate against any security context constraint: provider restricted-v2: "';
const range = (first: string, last: string) => `"must be in the ranges: [" + string(${first}) + ", " + string(${last}) + "]"`;

const validationVariables = [
  ...rangeVariables,
  {
    name: "containers",
    expression:
      "object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : []) + (has(object.spec.ephemeralContainers) ? object.spec.ephemeralContainers : [])",
  },
  { name: "pod", expression: "has(object.spec.securityContext) ? [object.spec.securityContext] : []" },
  {
    name: "users",
    expression: `variables.containers.filter(c, ${security("runAsUser")}).map(c, c.securityContext.runAsUser) + variables.pod.filter(p, has(p.runAsUser)).map(p, p.runAsUser)`,
  },
  { name: "foreignUsers", expression: "variables.users.filter(u, u < variables.firstUid || u > variables.lastUid)" },
  {
    name: "foreignGroups",
    expression: "variables.pod.filter(p, has(p.fsGroup)).map(p, p.fsGroup).filter(g, g < variables.firstGroup || g > variables.lastGroup)",
  },
  { name: "volumes", expression: "has(object.spec.volumes) ? object.spec.volumes : []" },
];

const allowedVolumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"];
const forbidden = (expression: string, what: string) => ({ expression, messageExpression: `${prefix} + "${what}"`, reason: "Forbidden" });

const validations = [
  {
    expression: 'variables.uids != "" && variables.groups != ""',
    messageExpression:
      '"namespace " + request.namespace + " has no annotations openshift.io/sa.scc.uid-range and openshift.io/sa.scc.supplemental-groups yet: try again"',
    reason: "Forbidden",
  },
  {
    expression: "size(variables.foreignUsers) == 0",
    messageExpression: `${prefix} + "runAsUser: Invalid value: " + string(variables.foreignUsers[0]) + ": " + ${range("variables.firstUid", "variables.lastUid")}`,
    reason: "Forbidden",
  },
  {
    expression: "size(variables.foreignGroups) == 0",
    messageExpression: `${prefix} + "fsGroup: Invalid value: " + string(variables.foreignGroups[0]) + ": " + ${range("variables.firstGroup", "variables.lastGroup")}`,
    reason: "Forbidden",
  },
  forbidden(
    `!variables.containers.exists(c, ${security("privileged")} && c.securityContext.privileged)`,
    "privileged: Invalid value: true: Privileged containers are not allowed",
  ),
  forbidden(
    `!variables.containers.exists(c, ${security("allowPrivilegeEscalation")} && c.securityContext.allowPrivilegeEscalation)`,
    "allowPrivilegeEscalation: Invalid value: true: Allowing privilege escalation for containers is not allowed",
  ),
  forbidden(
    `!variables.containers.exists(c, ${security("capabilities")} && has(c.securityContext.capabilities.add) && c.securityContext.capabilities.add.exists(k, k != "NET_BIND_SERVICE"))`,
    "capabilities.add: Invalid value: capability may not be added",
  ),
  ...["hostNetwork", "hostPID", "hostIPC"].map((field) =>
    forbidden(`!has(object.spec.${field}) || !object.spec.${field}`, `${field}: Invalid value: true: ${field} is not allowed to be used`),
  ),
  forbidden(
    `!variables.containers.exists(c, has(c.ports) && c.ports.exists(p, has(p.hostPort) && p.hostPort != 0))`,
    "hostPort: Invalid value: Host ports are not allowed to be used",
  ),
  forbidden(
    `variables.volumes.all(v, ${allowedVolumes.map((type) => `has(v.${type})`).join(" || ")})`,
    `volumes: Invalid value: only ${allowedVolumes.join(", ")} are allowed to be used`,
  ),
];

const rule = (operations: readonly string[], resources: readonly string[]) => ({ apiGroups: [""], apiVersions: ["v1"], operations, resources });

/** Policies, their bindings, and the rights of the controller that gives namespaces their ranges. */
export function openshiftAdmission(): KubeObject[] {
  return [
    clusterRole("openshift-namespaces", [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch", "patch"] }]),
    clusterRoleBinding("openshift-namespaces", "openshift-namespaces", { user: "openshift-namespaces" }),
    {
      apiVersion: admission,
      kind: "MutatingAdmissionPolicy",
      metadata: { name },
      spec: {
        failurePolicy: "Fail",
        reinvocationPolicy: "IfNeeded",
        matchConstraints: { resourceRules: [rule(["CREATE"], ["pods"])] },
        matchConditions: [exempt],
        variables: [...rangeVariables, { name: "podUser", expression: "has(object.spec.securityContext) && has(object.spec.securityContext.runAsUser)" }],
        mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression: mutation } }],
      },
    },
    { apiVersion: admission, kind: "MutatingAdmissionPolicyBinding", metadata: { name }, spec: { policyName: name } },
    {
      apiVersion: admission,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: { resourceRules: [rule(["CREATE"], ["pods"]), rule(["UPDATE"], ["pods/ephemeralcontainers"])] },
        matchConditions: [exempt],
        variables: validationVariables,
        validations,
      },
    },
    { apiVersion: admission, kind: "ValidatingAdmissionPolicyBinding", metadata: { name }, spec: { policyName: name, validationActions: ["Deny"] } },
  ];
}
