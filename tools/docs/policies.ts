/** docs/policies: a page for each policy, a table of all, and what of them admission can say; made from the policies, their levels and their cases. */
import { stringify } from "yaml";
import { corpus, objectsOf, type Case } from "../../policy/corpus";
import { rules } from "../../policy/src/admission/expressions";
import { resourcesOf } from "../../policy/src/admission/manifests";
import { notExpressed } from "../../policy/src/admission/notExpressed";
import type { Rule } from "../../policy/src/admission/rule";
import { contextOf, evaluate } from "../../policy/src/evaluate";
import { layers } from "../../policy/src/layers";
import { environments, levelOf } from "../../policy/src/levels";
import { policies } from "../../policy/src/policies";
import type { Controls, Policy } from "../../policy/src/policy";
import { defaultSettings, type Settings } from "../../policy/src/settings";
import { Stack } from "../../policy/src/stack";
import { shown } from "../../policy/src/values";
import { peers, peersOf } from "./policyPeers";

const made = (by: string) => `<!-- Made from policy/ by ${by}: change it there. -->`;
const here = made("tools/docs/policies.ts");
const cases = corpus();
// A policy of a layer to come has its page and its examples already.
const settings: Settings = { ...defaultSettings, layers: Object.keys(layers) as Settings["layers"] };

export function policyDocs(): Readonly<Record<string, string>> {
  return {
    "docs/policies/README.md": overview(),
    "docs/policies/admission.md": admission(),
    ...Object.fromEntries(policies.map((policy) => [`docs/policies/${policy.name}.md`, page(policy)])),
  };
}

function overview(): string {
  const rows = policies.map((policy) => [
    String(policy.number),
    `[${policy.name}](${policy.name}.md)`,
    policy.title,
    policy.severity,
    levels(policy),
    policy.scope,
    isBuilt(policy) ? "" : `${policy.layer ?? ""} (not built)`,
    admissionOf(policy).short,
    peersOf(policy.number).join(" ") || "–",
  ]);
  return `${[
    `# The policies\n\n${here}`,
    `${policies.length} policies: what they require, how much a violation counts, and where it is found. Level: in ${environments.join(", ")}; advisory lets pass and says so (\`a\`), mandatory refuses
(\`m\`). Admission: \`yes\` where the API server can check it, too (\`partly\`: not all of it; \`server\`: it does without a policy); [admission.md](admission.md) says how. A policy whose layer is not built is "not
applicable: layer not built", and is counted as such.`,
    `Also in: ${Object.entries(peers).map(([letter, name]) => `${letter} = ${name}`).join(", ")}; – = none of them. [policies-compared.md](../policies-compared.md) has what scanners find in fact.`, // prettier-ignore
    table(["#", "policy", "requires", "severity", "level", "looks at", "layer", "admission", "also in"], rows),
  ].join("\n\n")}\n`;
}

function page(policy: Policy): string {
  const parts = [
    `# ${policy.number} ${policy.name}\n\n${here}`,
    `**Required:** ${policy.title}.`,
    `**Why:** ${policy.why}`,
    `**Fix:** ${policy.fix}.`,
    table(
      ["severity", ...environments, "looks at", "group"],
      [
        [
          policy.severity,
          ...environments.map((one) => levelOf(policy, one)),
          `each ${policy.scope === "stack" ? "object, with the whole stack" : policy.scope}`,
          policy.group,
        ],
      ],
    ),
    ...(policy.layer === undefined || isBuilt(policy)
      ? []
      : [`It is about the layer \`${policy.layer}\`, which is not built: until then it is "not applicable: layer not built".`]),
    parameters(policy),
    `## Controls that it supports\n\n${controls(policy.controls)}`,
    `## Where it is checked\n\n${places(policy)}`,
    ...examples(policy, "bad"),
    ...examples(policy, "good"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function parameters({ parameters: own = {} }: Policy): string {
  const rows = Object.entries(own).map(([name, { type, description, default: value, ...rest }]) => [
    `\`${name}\``,
    `${type === "strings" ? "texts" : type}${"minimum" in rest && rest.minimum !== undefined ? `, at least ${rest.minimum}` : ""}`,
    `\`${JSON.stringify(value)}\``,
    description,
  ]);
  return rows.length === 0 ? "" : `## Parameters\n\n${table(["name", "type", "default", "what it is"], rows)}`;
}

function controls({ cis = [], nsa = [], nist = [], aiAct = [] }: Controls): string {
  const rows = [
    ["CIS Kubernetes Benchmark v1.8", cis],
    ["NSA/CISA Kubernetes Hardening Guide v1.2", nsa],
    ["NIST SP 800-53 r5", nist],
    ["EU AI Act, articles", aiAct],
  ] as const;
  return table(["framework", "controls"], rows.filter(([, own]) => own.length > 0).map(([framework, own]) => [framework, own.join(", ")])); // prettier-ignore
}

function places(policy: Policy): string {
  return [
    "- Before an `up`: the policy pack, on the resources of any Pulumi program.",
    "- Before anything is applied: `openshift-ai-policy check`, on rendered manifests.",
    `- At admission: ${admissionOf(policy).long}`,
  ].join("\n");
}

/** Whether the API server can check it, in a word and in a sentence. */
function admissionOf(policy: Policy): { readonly short: string; readonly long: string } {
  const none = notExpressed[policy.name];
  if (none !== undefined)
    return { short: none.reason === "server" ? "server" : "no", long: `${none.reason === "server" ? "no policy is needed" : "no"}. ${none.because}` };
  const rule = rules[policy.name]?.(contextOf(policy, { settings }));
  if (rule === undefined) return { short: "no", long: "no, with the default parameters: they leave nothing to check." };
  const kinds = rule.on === "pods" ? ["every kind that carries a pod", ...alsoOf(rule)].join(", ") : resourcesOf(rule).flatMap(({ resources }) => resources).join(", "); // prettier-ignore
  return rule.partly === undefined
    ? { short: "yes", long: `a ValidatingAdmissionPolicy, on ${kinds}.` }
    : { short: "partly", long: `a ValidatingAdmissionPolicy, on ${kinds}. Not all of it: ${rule.partly}.` };
}

function examples(policy: Policy, which: "good" | "bad"): readonly string[] {
  return cases
    .filter((one) => one.policy === policy.name && one.docs === which)
    .map((one, i) => {
      const title = `## ${which === "bad" ? "Refused" : "Right"}${i === 0 ? "" : ` (${one.case})`}`;
      const yaml = one.objects.map((object) => stringify(object, { lineWidth: 0, version: "1.1", aliasDuplicateObjects: false })).join("---\n");
      return [title, told(one), `\`\`\`yaml\n${yaml.trimEnd()}\n\`\`\``, ...(which === "bad" ? [`What is said of it:\n\n${said(policy, one)}`] : [])].filter((part) => part !== "").join("\n\n"); // prettier-ignore
    });
}

/** Settings and parameters of an example, where they are not the defaults. */
function told({ settings: own = {}, parameters: values = {} }: Case): string {
  const all = Object.entries({ ...own, ...values }).map(([name, value]) => `\`${name}: ${JSON.stringify(value)}\``);
  return all.length === 0 ? "" : `With ${all.join(", ")}:`;
}

function said(policy: Policy, one: Case): string {
  const results = evaluate([policy], new Stack(objectsOf(one)), {
    settings: { ...settings, ...one.settings },
    parameters: { [policy.name]: one.parameters ?? {} },
  });
  return results
    .flatMap(({ object, problems }) =>
      problems.map((problem) => `- ${(problem.object ?? object).title}: \`${problem.path}\` is ${shown(problem.value)}; it ${problem.message}`),
    )
    .join("\n");
}

function admission(): string {
  const yes = policies.filter(({ name }) => notExpressed[name] === undefined);
  const no = policies.filter(({ name }) => notExpressed[name] !== undefined);
  return `${[
    `# The policies at admission\n\n${here}`,
    `\`openshift-ai-policy admission --environment production | kubectl apply -f -\` gives the API server those of the [policies](README.md) that its expressions (CEL) can say: a ValidatingAdmissionPolicy and a
binding for each. They hold for whatever comes to the server, from whomever: \`kubectl\`, operators, other pipelines. The platform does not install them by itself: they are the cluster's.`,
    `- **Where**: in namespaces with the label \`app.kubernetes.io/part-of=openshift-ai-platform\`, which the platform's projects have; \`--selector key=value\` names another one. Objects that belong to no namespace
  (ClusterRoles and their like) are looked at where they have that label themselves. Namespaces that begin with \`kube-\` or \`openshift-\` are never looked at.
- **Whom**: Pods, and all kinds that carry one (Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, PodTemplate, Rollout), so that a mistake shows where it was made and not only in
  the events of a ReplicaSet; and the kinds that the table names.
- **How much**: mandatory policies deny, advisory ones warn and are noted in the audit log. Warnings of all of them, to see what would be refused: \`--warn-only\`.
- **Parameters and settings** are written into the expressions; print the manifests anew when these change.
- **Updates** that change neither what a policy reads nor labels pass, so that controllers can finish with objects that were there before the policies.
- **Exemptions** are not known here: a policy that is \`disabled\` in the configuration is left out, and namespaces without the label are.
- **What others put into pods** (Tekton's own init containers, the sidecars of a mesh) is looked at as all else is. Begin with \`--warn-only\` where there are such.
- **What can't be decided is refused** (\`failurePolicy: Fail\`), as is an object that costs the API server more than it allows for one policy.`,
    `## Said at admission\n\n${table(
      ["#", "policy", "on", "not seen"],
      yes.map((policy) => row(policy)),
    )}`,
    `## Not said at admission\n\n${table(
      ["#", "policy", "because"],
      no.map(({ number, name }) => [String(number), `[${name}](${name}.md)`, notExpressed[name]?.because ?? ""]),
    )}`,
  ].join("\n\n")}\n`;
}

function row(policy: Policy): readonly string[] {
  const rule = rules[policy.name]?.(contextOf(policy, { settings }));
  const on = rule === undefined ? "nothing, with the default parameters" : rule.on === "pods" ? ["pods", ...alsoOf(rule)].join(", ") : resourcesOf(rule).flatMap(({ resources }) => resources).join(", "); // prettier-ignore
  return [String(policy.number), `[${policy.name}](${policy.name}.md)`, on, rule?.partly ?? ""];
}

function alsoOf({ also = [] }: Rule): readonly string[] {
  return also.flatMap(({ resources }) => resources);
}

function levels(policy: Policy): string {
  return environments.map((environment) => levelOf(policy, environment)[0]).join(" ");
}

function isBuilt({ layer }: Policy): boolean {
  return layer === undefined || layers[layer];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}
