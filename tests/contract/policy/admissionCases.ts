/** The corpus as requests to an API server: which policies with which parameters, in which namespaces, and what each object has to be told. */
import { corpus, hasUnknown, objectsOf, type Case } from "../../../policy/corpus";
import { admissionObjects, resourcesOf, type AdmissionObject } from "../../../policy/src/admission/manifests";
import { rules } from "../../../policy/src/admission/expressions";
import { contextOf, evaluateObject, type Options } from "../../../policy/src/evaluate";
import { KubeObject } from "../../../policy/src/objects";
import { policies } from "../../../policy/src/policies";
import type { Policy } from "../../../policy/src/policy";
import { defaultSettings, type Settings } from "../../../policy/src/settings";
import { isFields, type Fields } from "../../../policy/src/values";
import { completed } from "./completed";

export type ObjectOrLess = Exclude<Policy, { scope: "stack" }>;

/** Label by which a variant's namespaces and objects are told from all others. */
export const variantLabel = "policy-tests";

/** Policies with settings and parameters that differ from the defaults, as some cases have them; the first variant has all policies with the defaults. */
export interface Variant {
  readonly label: string;
  readonly options: Options;
  readonly policies: readonly ObjectOrLess[];
  readonly cases: readonly Case[];
}

const expressed = policies.filter((policy): policy is ObjectOrLess => policy.scope !== "stack" && Object.hasOwn(rules, policy.name));
// A policy of a layer to come is right already.
const layers = [...defaultSettings.layers, ...expressed.flatMap(({ layer = [] }) => layer)];
const settingsOf = (own: Partial<Settings> = {}): Settings => ({ ...defaultSettings, layers, ...own });

/** All cases that can be asked: those of policies that are said in CEL, with nothing unknown. */
export function variants(): readonly Variant[] {
  const cases = corpus().filter((one) => expressed.some(({ name }) => name === one.policy) && !one.objects.some(hasUnknown));
  const keyOf = ({ policy, settings, parameters }: Case) => (settings || parameters ? JSON.stringify([policy, settings, parameters]) : "");
  const byKey = Map.groupBy(cases, keyOf);
  return [...byKey].map(([key, own], i) => {
    const [{ policy = "", settings = {}, parameters = {} } = {}] = key === "" ? [] : own;
    return {
      label: key === "" ? "all" : `v${i}`,
      options: { settings: settingsOf(settings), parameters: { [policy]: parameters } },
      policies: expressed.filter(({ name }) => key === "" || name === policy),
      cases: own,
    };
  });
}

/** The policies of a variant, which warn. Their messages are cut: the server leaves out what is more than 4096 letters in one answer. */
export function warnersOf({ label, options, policies: own }: Variant): readonly AdmissionObject[] {
  const objects = admissionObjects({
    settings: options.settings,
    parameters: options.parameters ?? {},
    selector: `${variantLabel}=${label}`,
    only: own.map(({ name }) => name),
    prefix: `${label}.`,
    warnOnly: true,
  });
  return objects.map((object) =>
    object.kind === "ValidatingAdmissionPolicy"
      ? { ...object, spec: { ...object.spec, validations: (object.spec.validations as Fields[]).map(({ expression }) => ({ expression, message: "x" })) } }
      : object,
  );
}

/** One object of a case as it is sent, and what has to be said of it. */
export interface Question {
  readonly of: Case;
  readonly object: KubeObject;
  readonly body: Fields;
  readonly namespace: string;
}

export function questionsOf(variant: Variant): readonly Question[] {
  const seen = new Set<string>();
  return variant.cases.flatMap((one) =>
    objectsOf(one).flatMap(({ value, source }) => {
      const object = new KubeObject(completed(value), source);
      const namespace = namespaceOf(variant, object.namespace);
      const body = labelled(object, variant.label, namespace);
      const key = JSON.stringify(body);
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ of: one, object, body, namespace }];
    }),
  );
}

function namespaceOf({ label }: Variant, namespace: string): string {
  const name = namespace || "ai-production";
  return label === "all" ? name : `${label}-${name}`;
}

/** In the namespace of its variant; with the variant's label where it stands in none, or is one. */
function labelled({ kind, value }: KubeObject, label: string, namespace: string): Fields {
  const metadata = isFields(value.metadata) ? value.metadata : {};
  const inNone = /^(Namespace|ClusterRole|ClusterRoleBinding|PersistentVolume|StorageClass|PriorityClass)$/.test(kind);
  const labels = inNone && (metadata.labels === undefined || isFields(metadata.labels)) ? { labels: { ...metadata.labels, [variantLabel]: label } } : {};
  // Namespaces of that name are there, for the objects in them.
  const another = kind === "Namespace" ? { name: `${label}-of-a-case` } : {};
  return { ...value, metadata: { ...metadata, ...(inNone ? {} : { namespace }), ...labels, ...another } };
}

/** Whether a policy has to warn of an object. @param resource the object's, in the API @returns "either" where admission sees less than the policy */
export function expected(policy: ObjectOrLess, { object }: Question, { options }: Variant, resource: string): boolean | "either" {
  const rule = rules[policy.name]?.(contextOf(policy, options));
  if (rule === undefined) return false;
  const reached = resourcesOf(rule).some(
    ({ group, version, resources }) => `${group ? `${group}/` : ""}${version}` === object.apiVersion && resources.includes(resource),
  );
  const violated = reached && evaluateObject(policy, object, options).some(({ outcome }) => outcome === "violated");
  return violated && rule.partly !== undefined ? "either" : violated;
}
