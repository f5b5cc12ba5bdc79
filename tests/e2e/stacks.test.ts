/** Staging and production as the guide sizes them, through `make`, on simulated nodes of both platforms. */
import { expect } from "chai";
import { existsSync, rmSync } from "node:fs";
import { kubectlOf, make, state, type Result } from "./support";

interface List<T> {
  readonly items: readonly T[];
}
interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: { readonly phase: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
interface Quota {
  readonly status: { readonly hard: Readonly<Record<string, string>>; readonly used: Readonly<Record<string, string>> };
}

function expectUp(result: Result): void {
  expect(result.code, result.output).to.equal(0);
}

function expectUnchanged(result: Result): void {
  expect(result.output)
    .to.match(/\d+ unchanged/)
    .and.to.not.match(/[+~-]+ \d+ (created|updated|deleted|replaced)/);
}

after("remove what is left", () => {
  if (existsSync(state)) rmSync(state, { recursive: true, force: true });
});

/** A sample; `make drill-stacks` takes both stacks on both platforms. */
const all = process.env.STACKS === "all";
const combinations = [
  { stack: "production", platform: "openshift", when: true },
  { stack: "staging", platform: "kubernetes", when: true },
  { stack: "production", platform: "kubernetes", when: all },
  { stack: "staging", platform: "openshift", when: all },
] as const;

for (const { stack, platform } of combinations.filter(({ when }) => when)) {
  describe(`${stack} on ${platform}`, function () {
    this.timeout(600_000);
    const settings = { STACK: stack, PLATFORM: platform };
    const namespace = `ai-${stack}`;
    const kubectl = kubectlOf(settings);
    after(() => make(["clean"], settings));

    it("comes up: every pod ready, no warning, GPUs within the quota", async () => {
      const result = await make(["up"], settings);
      expectUp(result);
      expect(result.output)
        .to.match(/all nodes are simulated/)
        .and.to.not.match(/warning:/i);
      const { items } = JSON.parse(await kubectl("get", "pods", "-A", "-o", "json")) as List<Pod>;
      const ready = ({ status }: Pod) =>
        status.phase === "Succeeded" || status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;
      expect(items.some(({ metadata }) => metadata.namespace === namespace)).to.equal(true);
      expect(items.filter((pod) => !ready(pod)).map(({ metadata }) => metadata.name)).to.deep.equal([]);
      const { status } = JSON.parse(await kubectl("-n", namespace, "get", "resourcequota", "quota", "-o", "json")) as Quota;
      expect(Number(status.used["requests.nvidia.com/gpu"])).to.be.within(1, Number(status.hard["requests.nvidia.com/gpu"]));
    });

    it("changes nothing the second time, nor what the autoscaler has set since", async () => {
      await kubectl("-n", namespace, "scale", "deployment", "ollama", "--replicas=3");
      const again = await make(["up"], settings);
      expectUp(again);
      expectUnchanged(again);
      expect((await kubectl("-n", namespace, "get", "deployment", "ollama", "-o", "jsonpath={.spec.replicas}")).trim()).to.equal("3");
    });

    if (stack === "production") {
      const guest = { STACK: "staging", CLUSTER: `${stack}-simulated` };
      it("shares its cluster: neither stack touches the other's, and it stays while the other needs what it owns", async () => {
        expectUp(await make(["up"], guest));
        expectUnchanged(await make(["up"], settings));
        const refused = await make(["destroy"], settings);
        expect(refused.code, refused.output).to.not.equal(0);
        expect(refused.output).to.match(/staging/);
        expectUnchanged(await make(["up"], settings));
        expectUp(await make(["destroy"], guest));
      });
    }

    it("keeps projects and volumes when it is destroyed, and takes them over", async () => {
      const uids = () => kubectl("get", "pvc,pv", "-A", "-l", "app.kubernetes.io/part-of=openshift-ai-platform", "-o", "jsonpath={.items[*].metadata.uid}");
      const before = await uids();
      const destroyed = await make(["destroy"], settings);
      expectUp(destroyed);
      expect(destroyed.output).to.include(`PersistentVolumeClaim ${namespace}/models`);
      expect(await uids()).to.equal(before);
      expectUp(await make(["up"], settings));
      expect(await uids()).to.equal(before);
    });
  });
}
