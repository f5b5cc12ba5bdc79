/** What objects need around them before an API server takes them. */
import { isFields, type Value } from "../../../policy/src/values";
import type { KubeObject } from "../../../tools/cluster/api";
import { variantLabel, type Question, type Variant } from "./admissionCases";

/** Each namespace that a case names, with its variant's label. */
export function namespacesOf(questions: readonly { variant: Variant; question: Question }[]): readonly KubeObject[] {
  const names = new Map(questions.map(({ variant, question }) => [question.namespace, variant.label]));
  return [...names].map(([name, label]) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { [variantLabel]: label } } }));
}

/** What pods need to be there: their service accounts and priority classes. */
export function surroundings(questions: readonly Question[]): readonly KubeObject[] {
  const pods = questions.filter(({ body }) => body.kind === "Pod");
  const specs = pods.map(({ body, namespace }) => ({ namespace, spec: isFields(body.spec) ? body.spec : {} }));
  const accounts = new Map(specs.flatMap(({ namespace, spec }) => texts(spec.serviceAccountName, "default").map((name) => [`${namespace}/${name}`, serviceAccount(namespace, name)]))); // prettier-ignore
  const classes = new Set(specs.flatMap(({ spec }) => texts(spec.priorityClassName)).filter((name) => !name.startsWith("system-")));
  const priority = [...classes].map((name) => ({ apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value: 1 }));
  return [...accounts.values(), ...priority];
}

function texts(...values: readonly Value[]): readonly string[] {
  return values.filter((value): value is string => typeof value === "string" && value !== "");
}

export function serviceAccount(namespace: string, name: string): KubeObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } };
}
