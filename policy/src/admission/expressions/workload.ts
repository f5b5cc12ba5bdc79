/** Security contexts and what else concerns every pod, in CEL. */
import type { Context } from "../../policy";
import { safeSysctls } from "../../policies/workload/noUnsafeOverrides";
import { eachContainer, holds, listed, quoted, texts, type RuleOf } from "../rule";
import { hasGpu } from "./gpu";

const security = "c.?securityContext";
const podSecurity = "variables.podSpec.?securityContext";

/** All but those that look into a pod. */
const started = "(variables.mainContainers + variables.initContainers)";

export const workloadRules: Readonly<Record<string, RuleOf>> = {
  "not-privileged": () => ({
    on: "pods",
    validations: [eachContainer(`${security}.?privileged.orValue(false) != true`, "securityContext.privileged must not be true")],
  }),

  "no-privilege-escalation": () => ({
    on: "pods",
    validations: [
      eachContainer(
        `variables.windows || ${security}.?allowPrivilegeEscalation.orValue(true) == false`,
        "securityContext.allowPrivilegeEscalation must be false",
      ),
    ],
  }),

  "non-root": ({ settings }) => ({
    on: "pods",
    validations: [
      eachContainer(
        `${security}.?runAsNonRoot.orValue(${podSecurity}.?runAsNonRoot.orValue(false)) == true`,
        "securityContext.runAsNonRoot must be true, on the container or its pod",
      ),
      eachContainer(`${security}.?runAsUser.orValue(1) != 0`, "securityContext.runAsUser must not be 0, which is root"),
      holds(`${podSecurity}.?runAsUser.orValue(1) != 0`, "securityContext.runAsUser of the pod must not be 0, which is root"),
      ...(settings.platform === "openshift"
        ? [
            // The security context constraint has put one into each Pod by then.
            eachContainer(
              `object.kind == 'Pod' || !has(c.securityContext) || !has(c.securityContext.runAsUser)`,
              "securityContext.runAsUser must be left out: OpenShift assigns it",
            ),
            holds(
              `object.kind == 'Pod' || !${podSecurity}.?runAsUser.hasValue()`,
              "securityContext.runAsUser of the pod must be left out: OpenShift assigns it",
            ),
          ]
        : []),
    ],
    ...(settings.platform === "openshift" ? { partly: "a user id in a Pod itself, where OpenShift has put one by then" } : {}),
  }),

  "capabilities-dropped": () => ({
    on: "pods",
    validations: [
      eachContainer(`variables.windows || 'ALL' in ${security}.?capabilities.?drop.orValue([])`, "securityContext.capabilities.drop must have ALL"),
      eachContainer(
        `variables.windows || ${security}.?capabilities.?add.orValue([]).all(x, x == 'NET_BIND_SERVICE')`,
        "securityContext.capabilities.add must have nothing but NET_BIND_SERVICE",
      ),
    ],
  }),

  "seccomp-profile": () => ({
    on: "pods",
    validations: [
      eachContainer(
        `variables.windows || ${security}.?seccompProfile.?type.orValue(${podSecurity}.?seccompProfile.?type.orValue('')) in ['RuntimeDefault', 'Localhost']`,
        "securityContext.seccompProfile.type must be RuntimeDefault or Localhost, on the container or its pod",
      ),
      holds(
        `variables.windows || ${podSecurity}.?seccompProfile.?type.orValue('RuntimeDefault') in ['RuntimeDefault', 'Localhost']`,
        "securityContext.seccompProfile.type of the pod must be RuntimeDefault or Localhost",
      ),
    ],
  }),

  "read-only-root": () => ({
    on: "pods",
    variables: { started },
    validations: [
      eachContainer(
        `variables.windows || ${security}.?readOnlyRootFilesystem.orValue(false) == true`,
        "securityContext.readOnlyRootFilesystem must be true",
        "started",
      ),
    ],
  }),

  "no-host-namespaces": () => ({
    on: "pods",
    validations: [
      ...["hostNetwork", "hostPID", "hostIPC"].map((field) => holds(`variables.podSpec.?${field}.orValue(false) != true`, `${field} must not be true`)),
      eachContainer("c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)", "ports[].hostPort must be left out: it is a port of the node"),
      eachContainer(
        hosts.map((host) => `c.?${host}.orValue('') == ''`).join(" && "),
        "the host of probes and of lifecycle hooks must be left out: the pod itself is asked",
      ),
    ],
  }),

  "volume-types": ({ parameters }) => {
    const allowed = texts(parameters.types);
    return {
      on: "pods",
      validations: [
        {
          // A volume is a map whose one key besides its name is the type.
          expression: `variables.volumes.all(v, dyn(v).all(k, k in ${listed(["name", ...allowed])}))`,
          message: `'volumes ' + variables.volumes.filter(v, !dyn(v).all(k, k in ${listed(["name", ...allowed])})).map(v, v.name).join(', ') + ': ' + ${quoted(`must be one of ${allowed.join(", ")}`)}`,
        },
        eachContainer("size(c.?volumeDevices.orValue([])) == 0", "volumeDevices must be left out: they are raw devices"),
      ],
    };
  },

  "no-unsafe-overrides": () => ({
    on: "pods",
    validations: [
      holds(
        `${podSecurity}.?sysctls.orValue([]).all(s, s.name in ${listed([...safeSysctls])})`,
        "securityContext.sysctls must have nothing but settings that concern the pod only",
      ),
      holds(confined(podSecurity), `securityContext of the pod ${confinement}`),
      eachContainer(`${security}.?procMount.orValue('Default') == 'Default'`, "securityContext.procMount must be Default or left out"),
      eachContainer(confined(security), `securityContext ${confinement}`),
      holds(
        "variables.podAnnotations.all(k, !k.startsWith('container.apparmor.security.beta.kubernetes.io/') || variables.podAnnotations[k].matches('^($|runtime/default$|localhost/)'))",
        "annotations container.apparmor.security.beta.kubernetes.io must be runtime/default or localhost/<profile>",
      ),
    ],
  }),

  "token-mounting": ({ parameters }) => {
    const annotation = String(parameters.annotation);
    return {
      on: "pods",
      validations: [
        holds(
          `variables.podSpec.?automountServiceAccountToken.orValue(true) == false || variables.podAnnotations[?${quoted(annotation)}].orValue('').trim() != ''`,
          `automountServiceAccountToken must be false, or the annotation ${annotation} says what the token is for`,
        ),
      ],
    };
  },

  "own-service-account": () => ({
    on: "pods",
    validations: [
      holds("request.namespace != 'default'", "metadata.namespace must be a project's, not default"),
      holds(`!(${account} in ['', 'default'])`, "serviceAccountName must be set, to another than default"),
    ],
  }),

  "resources-stated": resourcesStated,
  probes,

  "pod-security-labels": () => ({
    on: [{ group: "", version: "v1", resources: ["namespaces"], cluster: true }],
    validations: [
      holds(
        "object.metadata.?labels[?'pod-security.kubernetes.io/enforce'].orValue('') == 'restricted'",
        "the label pod-security.kubernetes.io/enforce must be restricted",
      ),
    ],
  }),

  "job-limits": ({ parameters }) => {
    const { deadlineSeconds, retries, history, ttl } = parameters as Readonly<Record<string, number | boolean>>;
    const within = (field: string, least: number, most?: unknown) =>
      holds(
        `${field}.hasValue() && ${field}.value() >= ${least}${most === undefined ? "" : ` && ${field}.value() <= ${Number(most)}`}`,
        `${field.replace(/^.*\?/, "")} must be set, ${most === undefined ? `to ${least} or more` : `from ${least} to ${Number(most)}`}`,
      );
    const ofCronJob = (validation: { expression: string; message: string }) => ({
      ...validation,
      expression: `object.kind == 'Job' || (${validation.expression})`,
    });
    return {
      on: [{ group: "batch", version: "v1", resources: ["jobs", "cronjobs"] }],
      variables: { job: "object.kind == 'Job' ? dyn(object).spec : dyn(object).spec.jobTemplate.spec", spec: "dyn(object).spec" },
      validations: [
        within("variables.job.?activeDeadlineSeconds", 1, deadlineSeconds),
        {
          expression: `variables.job.?backoffLimitPerIndex.orValue(variables.job.?backoffLimit.orValue(6)) <= ${Number(retries)}`,
          message: quoted(`backoffLimit, or backoffLimitPerIndex, must be at most ${Number(retries)}`),
        },
        ...(ttl ? [within("variables.job.?ttlSecondsAfterFinished", 0)] : []),
        ofCronJob(holds("variables.spec.?concurrencyPolicy.orValue('Allow') in ['Forbid', 'Replace']", "concurrencyPolicy must be Forbid or Replace")),
        ofCronJob(within("variables.spec.?startingDeadlineSeconds", 10)),
        ofCronJob(within("variables.spec.?successfulJobsHistoryLimit", 0, history)),
        ofCronJob(within("variables.spec.?failedJobsHistoryLimit", 1, history)),
      ],
      partly: "limits that are left out where the API server has a default: it has filled it in by then",
    };
  },
};

const account = "variables.podSpec.?serviceAccountName.orValue(variables.podSpec.?serviceAccount.orValue(''))";
const hosts = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.?postStart", "lifecycle.?preStop"].flatMap((probe) =>
  ["httpGet", "tcpSocket"].map((handler) => `${probe}.?${handler}.?host`),
);

const confinement = "must have no SELinux user, role or type of its own, and no AppArmor profile but RuntimeDefault or Localhost";
/** SELinux and AppArmor of a security context, that of a pod or a container. */
function confined(context: string): string {
  return [
    `${context}.?seLinuxOptions.?type.orValue('') in ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']`,
    `${context}.?seLinuxOptions.?user.orValue('') == ''`,
    `${context}.?seLinuxOptions.?role.orValue('') == ''`,
    `${context}.?appArmorProfile.?type.orValue('RuntimeDefault') in ['RuntimeDefault', 'Localhost']`,
  ].join(" && ");
}

function resourcesStated({ parameters, settings }: Context) {
  const at = (of: string, kind: string, resource: string) => `${of}.?resources.?${kind}[?${quoted(resource)}]`;
  // A request that is left out is the limit; and what a pod has as a whole, its containers share.
  const stated = (kind: "requests" | "limits", resource: string) => {
    const kinds = kind === "requests" ? ["requests", "limits"] : ["limits"];
    const places = resource === "ephemeral-storage" ? ["c"] : ["c", "variables.podSpec"];
    const [first = "", ...others] = places.flatMap((of) => kinds.map((one) => at(of, one, resource)));
    const value = others.reduce((all, one) => `${all}.or(${one})`, first);
    return eachContainer(
      `quantity(string(${value}.orValue('0'))).isGreaterThan(quantity('0'))`,
      `resources.${kind}.${resource} must be set, to more than 0`,
      "started",
    );
  };
  const [request, limit] = [at("c", "requests", "memory"), at("c", "limits", "memory")];
  const same = `quantity(string(${request}.orValue('0'))).compareTo(quantity(string(${limit}.orValue('0')))) == 0`;
  return {
    on: "pods" as const,
    variables: { started },
    validations: [
      stated("requests", "cpu"),
      stated("requests", "memory"),
      ...(parameters.cpuLimits ? [stated("limits", "cpu")] : []),
      stated("limits", "memory"),
      stated("limits", "ephemeral-storage"),
      ...(parameters.gpuMemory
        ? [
            eachContainer(
              `!${hasGpu(settings)} || !${request}.hasValue() || !${limit}.hasValue() || ${same}`,
              "resources.requests.memory must be the limit: with a GPU, eviction loads the model anew",
              "started",
            ),
          ]
        : []),
    ],
  };
}

function probes({ parameters, settings }: Context) {
  const handlers = ["exec", "grpc", "httpGet", "tcpSocket"];
  const asks = (probe: string) => `(${handlers.map((handler) => `c.?${probe}.?${handler}.hasValue()`).join(" || ")})`;
  const patience = (probe: string) => `c.?${probe}.?periodSeconds.orValue(10) * c.?${probe}.?failureThreshold.orValue(3)`;
  const sameQuestion = handlers.map((handler) => `c.?readinessProbe.?${handler} == c.?livenessProbe.?${handler}`).join(" && ");
  return {
    on: "pods" as const,
    variables: {
      servers:
        "object.kind in ['Job', 'CronJob'] || variables.podSpec.?restartPolicy.orValue('Always') != 'Always' ? [] : " +
        "variables.mainContainers + variables.initContainers.filter(c, c.?restartPolicy.orValue('') == 'Always')",
    },
    validations: [
      eachContainer(asks("readinessProbe"), "readinessProbe must be set", "servers"),
      eachContainer(asks("livenessProbe"), "livenessProbe must be set", "servers"),
      eachContainer(
        `!${asks("readinessProbe")} || !(${sameQuestion}) || ${patience("livenessProbe")} > ${patience("readinessProbe")}`,
        "livenessProbe must ask another question than readinessProbe, or wait longer before it gives up",
        "servers",
      ),
      ...(parameters.gpuStartup
        ? [eachContainer(`!${hasGpu(settings)} || ${asks("startupProbe")}`, "startupProbe must be set: loading a model takes long", "servers")]
        : []),
    ],
  };
}
