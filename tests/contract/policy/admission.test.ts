/** The policies at admission, on a real API server: they agree with the pack on every case of the corpus. */
import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { carriers, typedPodVariables } from "../../../policy/src/admission/carriers";
import { rules } from "../../../policy/src/admission/expressions";
import { admissionManifests, admissionObjects, specOf, type AdmissionObject } from "../../../policy/src/admission/manifests";
import { contextOf, evaluateObject } from "../../../policy/src/evaluate";
import { layers, type Layer } from "../../../policy/src/layers";
import { policies } from "../../../policy/src/policies";
import { defaultSettings } from "../../../policy/src/settings";
import { isFields, type Value } from "../../../policy/src/values";
import type { KubeObject } from "../../../tools/cluster/api";
import type { Cluster } from "../../../tools/cluster";
import { applyKinds, withApi } from "../../../tools/cluster/addons/install";
import { rolloutKinds } from "../../../tools/cluster/addons/rollouts";
import { testCluster } from "../plugins/support";
import { AdmissionServer } from "./admissionServer";
import { expected, questionsOf, variantLabel, variants, warnersOf, type ObjectOrLess, type Question, type Variant } from "./admissionCases";
import { refusals } from "./refusals";

const settings = { ...defaultSettings, layers: Object.keys(layers) as Layer[] };

describe("policies at admission", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let server: AdmissionServer;
  const all = variants();

  before(async () => {
    cluster = await testCluster();
    server = new AdmissionServer(cluster);
    const kinds = await rolloutKinds();
    await withApi(cluster, (api) => applyKinds(api, kinds));
    const questions = all.flatMap((variant) => questionsOf(variant).map((question) => ({ variant, question })));
    await server.apply(namespacesOf(questions));
    await server.apply(surroundings(questions.map(({ question }) => question)));
    await server.enforce(all.flatMap(warnersOf), "ai-production");
  });
  after(async () => {
    server.close();
    await cluster.kubectl(["delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", "--all", "--wait=false"]);
    await cluster.kubectl(["label", "namespace", "default", `${variantLabel}-`]);
    await cluster.kubectl(["delete", "namespaces", "-l", variantLabel, "--wait=false"]);
    await cluster.kubectl(["delete", "crds", "-l", "app.kubernetes.io/part-of=argo-rollouts", "--wait=false"]);
  });

  it("say the same of every case as the pack, each of its own and of all others' cases", async () => {
    const wrong: string[] = [];
    let asked = 0;
    for (const variant of all) {
      for (const question of questionsOf(variant)) {
        asked++;
        wrong.push(...(await disagreements(variant, question)));
      }
    }
    expect(wrong.join("\n")).to.equal("");
    expect(asked).to.be.greaterThan(200);
  });

  async function disagreements(variant: Variant, question: Question): Promise<readonly string[]> {
    const { of, body, namespace } = question;
    const where = `${of.policy}: ${of.case} (${question.object.kind})`;
    const verdict = await server.verdict(body, namespace);
    if (verdict.kind === "not served") return [];
    if (verdict.kind === "refused")
      return refusals.some(({ message }) => message.test(verdict.message)) ? [] : [`${where}: the server refuses it: ${verdict.message}`];
    const resource = (await server.servedAs(question.object.apiVersion, question.object.kind))?.name ?? "";
    return variant.policies.flatMap((policy) => {
      const says = verdict.warned.includes(`${variant.label}.${policy.name}`);
      const should = expected(policy, question, variant, resource);
      return should === "either" || says === should ? [] : [`${where}: ${policy.name} ${says ? "refuses" : "accepts"} it at admission, and the pack does not`];
    });
  }

  it("each refuse something of the corpus, and take something", async () => {
    const [first] = all.filter(({ label }) => label === "all");
    const seen = new Map<string, Set<boolean>>();
    for (const variant of all)
      for (const question of questionsOf(variant)) {
        const verdict = await server.verdict(question.body, question.namespace);
        if (verdict.kind !== "accepted") continue;
        for (const { name } of variant.policies.filter((policy) => policy.name === question.of.policy))
          seen.set(name, (seen.get(name) ?? new Set()).add(verdict.warned.includes(`${variant.label}.${name}`)));
      }
    expect((first?.policies ?? []).filter(({ name }) => seen.get(name)?.size !== 2).map(({ name }) => name)).to.deep.equal([]);
  });

  it("pass the API server's check of types, in each kind that carries a pod", async () => {
    const typed = policies.flatMap((policy) => {
      const rule = rules[policy.name]?.(contextOf(policy, { settings }));
      if (rule?.on !== "pods") return [];
      // Of custom resources the server knows no types.
      return (["pod", "template", "cronJob", "podTemplate"] as const).map((kind): AdmissionObject => {
        const [
          {
            group,
            version,
            resources: [resource],
          },
        ] = carriers[kind].resources;
        return {
          apiVersion: "admissionregistration.k8s.io/v1",
          kind: "ValidatingAdmissionPolicy",
          metadata: { name: `typed.${kind.toLowerCase()}.${policy.name}`, labels: {} },
          spec: specOf(policy, rule, [{ group, version, resources: [resource] }], typedPodVariables(carriers[kind].template)),
        };
      });
    });
    await server.apply(typed as unknown as readonly KubeObject[]);
    const inForce = all.filter(({ label }) => label === "all").flatMap(warnersOf).filter(({ kind }) => kind === "ValidatingAdmissionPolicy"); // prettier-ignore
    expect(await server.typeWarnings([...typed, ...inForce].map(({ metadata }) => metadata.name))).to.deep.equal([]);
  });

  it("refuse the bad example of each page to kubectl apply, with the fix in the message, and take the good one", async () => {
    const examples = examplesOf();
    const questions = examples.flatMap(({ variant, bad, good }) => [...bad, ...good].map((question) => ({ variant, question })));
    await server.apply(namespacesOf(questions));
    await server.apply(surroundings(questions.map(({ question }) => question)));
    // What the server refuses by itself, no policy gets to see.
    const own = await Promise.all(examples.flatMap(({ bad }) => bad.map(async ({ body, namespace }) => ((await server.verdict(body, namespace)).kind === "refused" ? [body] : [])))); // prettier-ignore
    const refused = new Set(own.flat());
    const manifests = examples.flatMap(({ variant: { label, options }, policy }) =>
      parseAllDocuments(
        admissionManifests({
          settings: options.settings,
          parameters: options.parameters ?? {},
          selector: `${variantLabel}=${label}`,
          only: [policy.name],
          prefix: `${label}.`,
        }),
      ),
    );
    await server.enforce(manifests.map((document) => document.toJS() as AdmissionObject), examples[0]?.bad[0]?.namespace ?? ""); // prettier-ignore

    const apply = (questions: readonly Question[]) =>
      cluster.kubectl(["apply", "--dry-run=server", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: questions.map(({ body }) => body) }), allowFailure: true }); // prettier-ignore
    const good = await apply(examples.flatMap((example) => example.good));
    expect({ code: good.code, stderr: good.stderr }).to.deep.equal({ code: 0, stderr: "" });
    const bad = examples.flatMap((example) => example.bad.map((question) => ({ ...example, question }))).filter(({ question }) => !refused.has(question.body));
    const lines = (await apply(bad.map(({ question }) => question))).stderr.split("\n").filter((line) => line !== "");
    const missing = bad.filter(
      ({ policy, variant: { label } }) =>
        !lines.some((line) => line.includes(`ValidatingAdmissionPolicy '${label}.${policy.name}'`) && line.endsWith(`. Fix: ${policy.fix}`)),
    );
    expect(missing.map(({ policy }) => policy.name)).to.deep.equal([]);
    expect(lines.length).to.equal(bad.length);
    expect(bad.length).to.be.greaterThan(20);
  });

  it("look at objects that change, and not at what controllers write into others", async () => {
    const namespace = "policy-updates";
    const label = { [variantLabel]: "updates" };
    await server.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: label } }]);
    const pod = (image: string) => ({ containers: [{ name: "main", image }] });
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "before", namespace },
      spec: { suspend: true, template: { spec: { restartPolicy: "Never", ...pod("main:1.0.0") } } },
    };
    await server.apply([job]);
    await server.enforce(admissionObjects({ selector: `${variantLabel}=updates`, only: ["image-pinned"], prefix: "updates." }), namespace);
    const patch = (body: object) =>
      cluster.kubectl(["-n", namespace, "patch", "job", "before", "--type=merge", "-p", JSON.stringify(body)], { allowFailure: true });
    expect((await patch({ metadata: { finalizers: ["example.com/held"] } })).code).to.equal(0);
    expect((await patch({ metadata: { finalizers: null } })).code).to.equal(0);
    const refused = await patch({ spec: { parallelism: 2 } });
    expect(refused.stderr).to.contain("'updates.image-pinned'");
    expect((await cluster.kubectl(["-n", namespace, "delete", "job", "before"])).code).to.equal(0);
  });

  it("look at ephemeral containers when these are added", async () => {
    const namespace = "policy-ephemeral";
    await server.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { [variantLabel]: "ephemeral" } } }]);
    await server.enforce(admissionObjects({ selector: `${variantLabel}=ephemeral`, only: ["not-privileged"], prefix: "ephemeral." }), namespace);
    await server.apply([
      serviceAccount(namespace, "default"),
      { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace }, spec: { containers: [{ name: "web", image: "web:1.0.0" }] } },
    ]);
    const add = (name: string, privileged: boolean) =>
      cluster.kubectl(["-n", namespace, "patch", "pod", "web", "--subresource=ephemeralcontainers", "-p", JSON.stringify({ spec: { ephemeralContainers: [{ name, image: "debug:1.0.0", securityContext: { privileged } }] } })], { allowFailure: true }); // prettier-ignore
    expect((await add("bad", true)).stderr).to.contain("containers bad: securityContext.privileged must not be true");
    expect((await add("good", false)).code).to.equal(0);
  });
});

interface Example {
  readonly policy: ObjectOrLess;
  readonly variant: Variant;
  readonly bad: readonly Question[];
  readonly good: readonly Question[];
}

/** Examples of the pages, each policy's in a namespace of its own, where it alone is in force. */
function examplesOf(): readonly Example[] {
  return variants().flatMap(({ label, policies: own, options, cases }, i) =>
    own.flatMap((policy): readonly Example[] => {
      const [bad, good] = (["bad", "good"] as const).map((docs) => cases.filter((one) => one.policy === policy.name && one.docs === docs));
      if (bad === undefined || bad.length === 0) return [];
      const variant = { label: `example-${i}-${policy.name}`.slice(0, 63), options, policies: [policy], cases: [] };
      const asked = (of: typeof cases) => questionsOf({ ...variant, cases: of }).filter(({ object }) => evaluateObject(policy, object, options).length > 0);
      return [
        {
          policy,
          variant,
          bad: asked(bad).filter(({ object }) => evaluateObject(policy, object, options).some(({ outcome }) => outcome === "violated")),
          good: label === "all" ? asked(good ?? []) : [],
        },
      ];
    }),
  );
}

/** Each namespace that a case names, with its variant's label. */
function namespacesOf(questions: readonly { variant: Variant; question: Question }[]): readonly KubeObject[] {
  const names = new Map(questions.map(({ variant, question }) => [question.namespace, variant.label]));
  return [...names].map(([name, label]) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { [variantLabel]: label } } }));
}

/** What pods need to be there: their service accounts and priority classes. */
function surroundings(questions: readonly Question[]): readonly KubeObject[] {
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

function serviceAccount(namespace: string, name: string): KubeObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } };
}
