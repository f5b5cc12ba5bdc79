/** The policies at admission, on a real API server: they agree with the pack on every case of the corpus. */
import { expect } from "chai";
import { carriers, typedPodVariables } from "../../../policy/src/admission/carriers";
import { rules } from "../../../policy/src/admission/expressions";
import { specOf, type AdmissionObject } from "../../../policy/src/admission/manifests";
import { contextOf } from "../../../policy/src/evaluate";
import { layers, type Layer } from "../../../policy/src/layers";
import { policies } from "../../../policy/src/policies";
import { defaultSettings } from "../../../policy/src/settings";
import type { Cluster } from "../../../tools/cluster";
import { applyKinds, withApi } from "../../../tools/cluster/addons/install";
import { rolloutKinds } from "../../../tools/cluster/addons/rollouts";
import type { KubeObject } from "../../../tools/cluster/api";
import { testCluster } from "../plugins/support";
import { expected, questionsOf, variantLabel, variants, warnersOf, type Question, type Variant } from "./admissionCases";
import { AdmissionServer, type Verdict } from "./admissionServer";
import { namespacesOf, surroundings } from "./admissionSurroundings";
import { refusals } from "./refusals";

const settings = { ...defaultSettings, layers: Object.keys(layers) as Layer[] };

interface Asked {
  readonly variant: Variant;
  readonly question: Question;
  readonly verdict: Verdict;
}

describe("policies at admission and the pack", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let server: AdmissionServer;
  const all = variants();
  let asked: readonly Asked[];

  before(async () => {
    cluster = await testCluster();
    server = new AdmissionServer(cluster);
    const kinds = await rolloutKinds();
    await withApi(cluster, (api) => applyKinds(api, kinds));
    const questions = all.flatMap((variant) => questionsOf(variant).map((question) => ({ variant, question })));
    await server.apply(namespacesOf(questions));
    await server.apply(surroundings(questions.map(({ question }) => question)));
    await server.enforce(all.flatMap(warnersOf), "ai-production");
    asked = await Promise.all(questions.map(async (one) => ({ ...one, verdict: await server.verdict(one.question.body, one.question.namespace) })));
  });
  after(async () => {
    server.close();
    await cluster.kubectl(["delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", "--all", "--wait=false"]);
    await cluster.kubectl(["label", "namespace", "default", `${variantLabel}-`]);
    await cluster.kubectl(["delete", "namespaces", "-l", variantLabel]);
  });

  it("say the same of every case, each of its own and of all others' cases", async () => {
    expect((await Promise.all(asked.map(disagreements))).flat().join("\n")).to.equal("");
    expect(asked.filter(({ verdict }) => verdict.kind === "accepted").length).to.be.greaterThan(400);
  });

  async function disagreements({ variant, question, verdict }: Asked): Promise<readonly string[]> {
    const { of, object } = question;
    const where = `${of.policy}: ${of.case} (${object.kind})`;
    if (verdict.kind === "not served") return [];
    if (verdict.kind === "refused")
      return refusals.some(({ message }) => message.test(verdict.message)) ? [] : [`${where}: the server refuses it: ${verdict.message}`];
    const resource = (await server.servedAs(object.apiVersion, object.kind))?.name ?? "";
    return variant.policies.flatMap((policy) => {
      const says = verdict.warned.includes(`${variant.label}.${policy.name}`);
      const should = expected(policy, question, variant, resource);
      return should === "either" || says === should ? [] : [`${where}: ${policy.name} ${says ? "refuses" : "accepts"} it at admission, and the pack does not`];
    });
  }

  it("each refuse something, and take something", () => {
    const seen = new Map<string, Set<boolean>>();
    for (const { variant, question, verdict } of asked)
      if (verdict.kind === "accepted")
        for (const { name } of variant.policies.filter((policy) => policy.name === question.of.policy))
          seen.set(name, (seen.get(name) ?? new Set()).add(verdict.warned.includes(`${variant.label}.${name}`)));
    expect(policies.filter(({ name }) => Object.hasOwn(rules, name) && seen.get(name)?.size !== 2).map(({ name }) => name)).to.deep.equal([]);
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
});
