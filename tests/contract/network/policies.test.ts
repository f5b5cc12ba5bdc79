/** The table of connections against the network policies made from it, by an evaluator that is not ours: every pair of pods and machines, on every port. */
import { expect } from "chai";
import type { StackConfig } from "../../../stacks/schema";
import { ensurePrograms } from "../../../tools/toolchain";
import { config, digest, tiny, type Fields } from "../../unit/support/config";
import { addresses, policiesOf, questionsOf, type Question } from "./cluster";
import { allowedBy, type NetworkPolicy } from "./cyclonus";

const pulled = "coder:1b-v1.0-base";
const proxy = { url: "http://proxy.example.com:3128", addresses: [`${addresses.proxy}/32`] };
const team = (name: string, models: readonly string[], project = name) => ({ name, project, group: `ai-${name}`, quota: { cpu: "1", memory: "2Gi" }, models });

function stack(platform: string, environment: string, fields: Fields = {}): StackConfig {
  return config({
    platform,
    environment,
    cluster: { name: "shared", context: "ai", apiServerAddresses: [`${addresses.apiServer}/32`], manage: environment !== "staging" },
    models: [
      { name: tiny, source: { kind: "image", image: "tiny-model", path: "/models/tiny" } },
      { name: pulled, source: { kind: "registry", name: "coder:1b-base", digest } },
    ],
    serving: {
      pools: [
        { name: "ollama", models: [tiny], gpusPerReplica: 0 },
        { name: "code", models: [pulled], gpusPerReplica: 0 },
      ],
    },
    teams: [team("ml", [tiny]), team("apps", []), team("data", [pulled], "ml")],
    ...fields,
  });
}

const cases: Readonly<Record<string, (platform: string) => readonly StackConfig[]>> = {
  "one stack that pulls from the internet": (platform) => [stack(platform, "development")],
  "one stack that has a mirror only": (platform) => [
    stack(platform, "development", { network: { downloads: false, allowedAddresses: ["10.30.0.0/24"] }, teams: [team("ml", [pulled])] }),
  ],
  "staging and production on one cluster, behind a proxy, with promotion tests": (platform) => [
    stack(platform, "staging", { network: { proxy, promotionTests: true } }),
    stack(platform, "production", { network: { proxy, promotionTests: true } }),
  ],
  "promotion tests that staging wants and production does not": (platform) => [
    stack(platform, "staging", { network: { promotionTests: true }, teams: [] }),
    stack(platform, "production", { network: { allowedAddresses: ["10.30.0.0/24"] }, teams: [] }),
  ],
  "production, with staging on another cluster": (platform) => [
    stack(platform, "production", { network: { promotionTests: true, downloads: false, allowedAddresses: ["10.30.0.0/24"] } }),
  ],
  "a stack with Prometheus and Argo Rollouts": (platform) => [
    stack(platform, "development", {
      cluster: {
        name: "shared",
        context: "ai",
        apiServerAddresses: [`${addresses.apiServer}/32`],
        capabilities: { monitoring: true, argoRollouts: true },
      },
      network: { monitoringNamespace: "watching" },
    }),
  ],
  "a stack without servers": (platform) => [stack(platform, "staging", { layers: { serving: false }, network: { promotionTests: true } })],
};

/** Each mistake takes cyclonus a second, and all of them minutes: `make drill-network` tries them all, the tests every fifth. */
const every = process.env.MISTAKES === "all" ? 1 : 5;

describe("network policies, as cyclonus understands them", function () {
  this.timeout(600_000);
  let cyclonus: string;
  before(async () => {
    cyclonus = (await ensurePrograms(["cyclonus"])).cyclonus.path("cyclonus");
  });

  /** What policies get wrong: traffic that they allow and the table does not, or the other way round. */
  async function wrong(questions: readonly Question[], policies: readonly NetworkPolicy[]): Promise<readonly string[]> {
    const answers = await allowedBy(cyclonus, policies, questions);
    return questions.flatMap(({ text, expected }, i) => (answers[i] === expected ? [] : [`${text}: ${expected ? "denied" : "allowed"}`]));
  }

  for (const platform of ["openshift", "kubernetes"]) {
    for (const [name, stacks] of Object.entries(cases)) {
      it(`allow what the table has and nothing else, on ${platform}: ${name}`, async () => {
        const configs = stacks(platform);
        const questions = questionsOf(configs);
        // Neither an empty table nor one that has everything would prove a thing.
        expect(questions.filter(({ expected }) => expected).length).to.be.within(5, questions.length / 10);
        expect(await wrong(questions, policiesOf(configs))).to.deep.equal([]);
      });
    }

    it(`are told apart from such as have a policy, a rule, a peer or a port less, on ${platform}`, async () => {
      const small = { models: [{ name: pulled, source: { kind: "registry", name: "coder:1b-base", digest } }], teams: [team("ml", [pulled])] };
      const pools = { serving: { pools: [{ name: "code", models: [pulled], gpusPerReplica: 0 }] } };
      const configs = [
        stack(platform, "staging", { ...small, ...pools, network: { promotionTests: true, proxy } }),
        stack(platform, "production", { ...small, ...pools, network: { promotionTests: true, allowedAddresses: ["10.30.0.0/24"] }, teams: [] }),
      ];
      const all = policiesOf(configs);
      const unnoticed: string[] = [];
      const tried = new Set<string>();
      for (const namespace of new Set(all.map(({ metadata }) => metadata.namespace))) {
        const own = all.filter(({ metadata }) => metadata.namespace === namespace);
        const questions = questionsOf(configs, namespace).filter(
          ({ port, protocol }) => (protocol === "TCP" || port === 53 || port === 5353) && port !== 8080 && port !== 6443,
        );
        expect(await wrong(questions, own), namespace).to.deep.equal([]);
        for (const { what, policies } of mutants(own).filter((_, i) => i % every === 0)) {
          tried.add(what);
          if ((await wrong(questions, policies)).length === 0) unnoticed.push(what);
        }
      }
      // Between pods of one namespace both ends have to allow a port: one of them alone opens nothing.
      const within = (namespace: string) => [
        `${namespace}/model-router-code with egress rule 1 for all ports`,
        `${namespace}/model-server-code with ingress rule 0 for all ports`,
      ];
      // Of a team's project every pod has the policy "all-pods", which denies the rest as well.
      const known = [...within("ai-staging"), "ai-staging-ml/default-deny removed", ...within("ai-production")];
      expect(unnoticed).to.deep.equal(known.filter((what) => tried.has(what)));
    });
  }
});

type Rule = Readonly<Partial<Record<"from" | "to" | "ports", readonly unknown[]>>>;

/** Policies with one mistake each. */
function mutants(policies: readonly NetworkPolicy[]): { readonly what: string; readonly policies: readonly NetworkPolicy[] }[] {
  return policies.flatMap((policy, p) => {
    const name = `${policy.metadata.namespace}/${policy.metadata.name}`;
    const replaced = (what: string, ...by: NetworkPolicy[]) => ({ what: `${name} ${what}`, policies: policies.toSpliced(p, 1, ...by) });
    const spec = policy.spec as Readonly<Partial<Record<"ingress" | "egress", readonly Rule[]>>>;
    const changed = (["ingress", "egress"] as const).flatMap((direction) => {
      const rules = spec[direction] ?? [];
      const peers = direction === "ingress" ? "from" : "to";
      return rules.flatMap((rule, r) => {
        const { ports = [] } = rule;
        return [
          { what: `without ${direction} rule ${r}`, rules: rules.toSpliced(r, 1) },
          { what: `with ${direction} rule ${r} for all peers`, rules: rules.with(r, { ...rule, [peers]: [] }) },
          { what: `with ${direction} rule ${r} for all ports`, rules: rules.with(r, { ...rule, ports: [] }) },
          ...(ports.length < 2 ? [] : ports).map((_, n) => ({
            what: `with ${direction} rule ${r} without port ${n}`,
            rules: rules.with(r, { ...rule, ports: ports.toSpliced(n, 1) }),
          })),
        ].map(({ what, rules: others }) => replaced(what, { ...policy, spec: { ...spec, [direction]: others } }));
      });
    });
    return [replaced("removed"), ...changed];
  });
}
