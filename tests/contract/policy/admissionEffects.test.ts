/** What the policies at admission do: to the examples of the pages, to updates, to what controllers make, and to our own production. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { admissionManifests, admissionObjects, type AdmissionObject } from "../../../policy/src/admission/manifests";
import { evaluateObject } from "../../../policy/src/evaluate";
import { plain, type Fields } from "../../../policy/src/values";
import type { Cluster } from "../../../tools/cluster";
import type { KubeObject } from "../../../tools/cluster/api";
import { renderConfiguration } from "../../../tools/commands/render";
import { root } from "../../../tools/lib/paths";
import { manifestsOf } from "../../../tools/render/render";
import { eventually } from "../cluster/support";
import { testCluster } from "../plugins/support";
import { questionsOf, variantLabel, variants, type ObjectOrLess, type Question, type Variant } from "./admissionCases";
import { AdmissionServer } from "./admissionServer";
import { namespacesOf, serviceAccount, surroundings } from "./admissionSurroundings";

describe("policies at admission", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let server: AdmissionServer;

  before(async () => {
    cluster = await testCluster();
    server = new AdmissionServer(cluster);
  });
  after(async () => {
    server.close();
    await cluster.kubectl(["delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", "--all", "--wait=false"]);
    await cluster.kubectl(["delete", "namespaces", "-l", variantLabel, "--wait=false"]);
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

  it("let controllers make the pods of what is right", async () => {
    const namespace = "policy-controllers";
    await server.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { [variantLabel]: "controllers" } } }]);
    await server.enforce(admissionObjects({ selector: `${variantLabel}=controllers`, prefix: "controllers." }), namespace);
    const { deployment, gpuDeployment, job, cronJob } = bases();
    const gpuJob = {
      ...job,
      spec: { ...job?.spec, template: { ...gpuDeployment?.spec.template, spec: { ...gpuDeployment?.spec.template?.spec, restartPolicy: "Never" } } },
    };
    const objects = [deployment, gpuDeployment, job, cronJob, gpuJob];
    const made = objects.map((object, i) => ({
      ...object,
      metadata: { ...object?.metadata, namespace, name: `made-${i}` },
    })) as unknown as readonly KubeObject[];
    await server.apply([serviceAccount(namespace, "web")]);
    await server.apply([{ apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: "ai-serving" }, value: 1 }, ...made]);
    await cluster.kubectl(["-n", namespace, "create", "job", "by-hand", "--from=cronjob/made-3"]);
    for (const owner of ["made-0", "made-1", "made-2", "by-hand", "made-4"]) {
      await eventually(`a pod of ${owner}`, async () =>
        (await cluster.kubectl(["-n", namespace, "get", "pods", "-o", "name"])).stdout.includes(`pod/${owner}`),
      );
    }
  });

  for (const platform of ["openshift", "kubernetes"] as const)
    it(`take our own production on ${platform}, but for digests that images.lock lacks`, async () => {
      const manifests = await manifestsOf("production", renderConfiguration("production", platform));
      const of = (kind: string) => manifests.filter((one) => one.kind === kind);
      await server.apply(of("Namespace"));
      const prefix = `own-${platform}.`;
      await server.enforce(admissionObjects({ settings: { platform }, prefix, warnOnly: true }), "ai-production-ml");
      const said: string[] = [];
      let asked = 0;
      for (const manifest of manifests) {
        const verdict = await server.verdict(plain(manifest) as Fields, manifest.metadata.namespace ?? "");
        if (verdict.kind === "refused") said.push(`${manifest.kind} ${manifest.metadata.name}: ${verdict.message}`);
        if (verdict.kind !== "accepted") continue;
        asked++;
        said.push(
          ...verdict.warned.filter((name) => name.startsWith(prefix)).map((name) => `${manifest.kind} ${manifest.metadata.name}: ${name.slice(prefix.length)}`),
        );
      }
      // Exempted in policy/exemptions.yaml.
      expect(said.filter((one) => !/: image-pinned$|^Job load-tiny-.*: model-approved$/.test(one))).to.deep.equal([]);
      expect(said.length).to.be.greaterThan(0);
      expect(asked).to.be.greaterThan(80);
      await cluster.kubectl(["delete", "namespaces", ...of("Namespace").map(({ metadata }) => metadata.name)]);
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

interface Base {
  readonly metadata: object;
  readonly spec: { readonly template?: { readonly spec: object } };
}

/** The objects that cases start from. */
function bases(): Readonly<Record<string, Base>> {
  return parse(readFileSync(join(root, "policy/corpus/bases.yaml"), "utf8"), { merge: true }) as Readonly<Record<string, Base>>;
}
