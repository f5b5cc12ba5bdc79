/** The policies as ValidatingAdmissionPolicies with their bindings, in YAML. */
import { stringify } from "yaml";
import { contextOf, isApplicable } from "../evaluate";
import { levelOf, type Level } from "../levels";
import type { Policy } from "../policy";
import { policies } from "../policies";
import { defaultSettings, type Settings } from "../settings";
import type { Value } from "../values";
import { carriers, podVariables } from "./carriers";
import { rules } from "./expressions";
import { quoted, type Resources, type Rule } from "./rule";

export interface AdmissionOptions {
  readonly settings?: Partial<Settings>;
  /** Values for the policies' parameters, by policy; they are written into the expressions. */
  readonly parameters?: Readonly<Record<string, Readonly<Record<string, Value>>>>;
  /** Label of the projects that are looked at, as `key=value`. Objects that belong to no namespace are told by the same label of their own. @default the platform's */
  readonly selector?: string;
  /** Names of the policies; all that can be said at admission where it is left out. */
  readonly only?: readonly string[];
  /** Begins the names of the objects. */
  readonly prefix?: string;
  /** How a violation of a policy counts. @default as the table of levels has it */
  readonly level?: (policy: Policy) => Level;
  /** Whether to warn where the level is mandatory, too: to see what would be refused. @default false */
  readonly warnOnly?: boolean;
}

const defaultSelector = "app.kubernetes.io/part-of=openshift-ai-platform";

/** A Kubernetes object in plain data. */
export interface AdmissionObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The manifests in one text. */
export function admissionManifests(options: AdmissionOptions = {}): string {
  return admissionObjects(options)
    .map((object) => `---\n${stringify(object, { lineWidth: 0, version: "1.1", aliasDuplicateObjects: false })}`)
    .join("");
}

/** A policy and its bindings for each policy that can be said in CEL, and whose layer is built. @throws Error for names that no policy has */
export function admissionObjects(options: AdmissionOptions = {}): readonly AdmissionObject[] {
  const settings = { ...defaultSettings, ...options.settings };
  return policies
    .filter(({ name }) => options.only?.includes(name) ?? true)
    .filter((policy) => isApplicable(policy, settings))
    .flatMap((policy) => {
      const rule = rules[policy.name]?.(contextOf(policy, { settings, parameters: options.parameters ?? {} }));
      return rule === undefined ? [] : objectsOf(policy, rule, settings, options);
    });
}

function objectsOf(policy: Policy, rule: Rule, settings: Settings, options: AdmissionOptions): readonly AdmissionObject[] {
  const { prefix = "openshift-ai-", selector = defaultSelector, warnOnly = false } = options;
  const name = `${prefix}${policy.name}`;
  const labels = { "app.kubernetes.io/name": policy.name, "app.kubernetes.io/part-of": "openshift-ai-policy" };
  const level = options.level?.(policy) ?? levelOf(policy, settings.environment);
  const denies = level === "mandatory" && !warnOnly;
  const resources = resourcesOf(rule);
  const [key = "", value = ""] = selector.split("=");
  const bind = (suffix: string, matchResources: Readonly<Record<string, unknown>>): AdmissionObject => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: `${name}${suffix}`, labels },
    spec: { policyName: name, validationActions: denies ? ["Deny"] : ["Warn", "Audit"], matchResources },
  });
  const namespaced = resources.filter(({ cluster = false }) => !cluster);
  const ofCluster = resources.filter(({ cluster = false }) => cluster);
  return [
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name, labels, annotations: { "openshift-ai-platform/policy": `${policy.number} ${policy.title}` } },
      spec: specOf(policy, rule, resources),
    },
    ...(namespaced.length === 0
      ? []
      : [
          bind("", {
            namespaceSelector: { matchLabels: { [key]: value } },
            ...(ofCluster.length === 0 ? {} : { resourceRules: merged(namespaced, "Namespaced") }),
          }),
        ]),
    ...(ofCluster.length === 0 ? [] : [bind("-cluster", { objectSelector: { matchLabels: { [key]: value } }, resourceRules: merged(ofCluster, "Cluster") })]),
  ];
}

/** The spec of a ValidatingAdmissionPolicy. @param variables those of pods, where the rule is on pods */
export function specOf(policy: Policy, rule: Rule, resources: readonly Resources[], variables: Readonly<Record<string, string>> = podVariables) {
  const all = { ...(rule.on === "pods" ? variables : {}), ...rule.variables };
  const fix = quoted(`. Fix: ${policy.fix}`);
  return {
    // What can't be decided is refused.
    failurePolicy: "Fail",
    matchConstraints: { resourceRules: merged(resources) },
    matchConditions: [
      {
        name: "not-the-system-s",
        expression: "!request.?namespace.orValue('').startsWith('kube-') && !request.?namespace.orValue('').startsWith('openshift-')",
      },
      { name: "changed", expression: changed(rule) },
      // A Rollout by reference has its pod elsewhere.
      ...(rule.on === "pods" ? [{ name: "carries-a-pod", expression: "object.kind != 'Rollout' || !dyn(object).?spec.?workloadRef.hasValue()" }] : []),
      ...(rule.when === undefined ? [] : [{ name: "concerned", expression: rule.when }]),
    ],
    variables: used(all, [...rule.validations.flatMap((one) => [one.expression, one.message])]).map((name) => ({ name, expression: all[name] })),
    validations: rule.validations.map(({ expression, message }) => ({ expression, message: policy.title, messageExpression: `${message} + ${fix}` })),
  };
}

/** All that a rule looks at. */
export function resourcesOf({ on, also = [] }: Rule): readonly Resources[] {
  return on === "pods" ? [...Object.values(carriers).flatMap(({ resources }): readonly Resources[] => resources), ...also] : on;
}

/** Rules of admission: one per API group and version. */
function merged(resources: readonly Resources[], scope?: "Namespaced" | "Cluster") {
  return [...Map.groupBy(resources, ({ group, version }) => `${group}/${version}`).values()].map((same) => ({
    apiGroups: [same[0]?.group],
    apiVersions: [same[0]?.version],
    operations: ["CREATE", "UPDATE"],
    resources: same.flatMap((one) => one.resources),
    ...(scope ? { scope } : {}),
  }));
}

/**
 * Controllers write into objects for which nobody asks them: finalizers, owners, status. An object that was there before the policy, and isn't as required, could
 * never be deleted if these were refused.
 */
function changed({ on, reads = [] }: Rule): string {
  const fields = ["spec", "metadata.?labels", ...(on === "pods" ? ["template"] : []), ...reads];
  return ["request.operation == 'CREATE'", ...fields.map((field) => `dyn(object).?${field} != dyn(oldObject).?${field}`)].join(" || ");
}

/** Variables that expressions use, with those that these use, in their order. */
function used(variables: Readonly<Record<string, string>>, expressions: readonly string[]): readonly string[] {
  const names = Object.keys(variables);
  const wanted = new Set<string>();
  const visit = (text: string): void => {
    for (const name of names)
      if (!wanted.has(name) && new RegExp(`\\bvariables\\.${name}\\b`).test(text)) {
        wanted.add(name);
        visit(variables[name] ?? "");
      }
  };
  expressions.forEach(visit);
  return names.filter((name) => wanted.has(name));
}
