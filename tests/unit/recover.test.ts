import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../tools/cluster";
import { UserError } from "../../tools/lib/errors";
import type { ExecResult } from "../../tools/lib/exec";
import { recover, unfinishedUntilDone } from "../../tools/stack/recover";
import type { Workspace } from "../../tools/stack/workspace";

const result = (stdout: string): Promise<ExecResult> => Promise.resolve({ code: 0, stdout, stderr: "" });

const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "ai" } };
const service = { apiVersion: "v1", kind: "Service", metadata: { name: "ollama", namespace: "ai" } };
const step = (op: string, inputs: object = service) => ({ op, newState: { custom: true, inputs } });

let dir: string;
/** A stack `test`, interrupted or not, whose next `up` has these steps, on a cluster that answers every question for an object with `live`. */
function workspace(interrupted: boolean, steps: readonly unknown[] = [], live?: unknown): { workspace: Workspace; asked: string[] } {
  const asked: string[] = [];
  const cluster: Cluster = {
    name: "test",
    dir: "/nowhere",
    platform: "openshift",
    flavor: "real",
    addons: [],
    kubeconfig: "/nowhere/kubeconfig",
    context: "test",
    programs: "/nowhere",
    kubectl: (args) => {
      asked.push(args.join(" "));
      return result(live === undefined ? "" : JSON.stringify(live));
    },
    ctr: () => result(""),
    inNetwork: () => result(""),
  };
  const pulumi = (args: readonly string[]) => {
    if (args[0] === "preview") asked.push("preview");
    return result(JSON.stringify(args[0] === "preview" ? { steps } : { deployment: { pending_operations: interrupted ? [{}] : [] } }));
  };
  return { workspace: { stack: "test", cluster, configFile: join(dir, "Pulumi.test.yaml"), configuration: {}, pulumi }, asked };
}

const owned = (owner: string) => ({ metadata: { labels: { "openshift-ai-platform/owner": owner } } });

const takeOver = { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" };

describe("what a killed up leaves", () => {
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "oap-recover-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it("costs no preview and no question to the cluster when nothing was interrupted", async () => {
    const { workspace: stack, asked } = workspace(false);
    expect(await recover(stack)).to.deep.equal({});
    expect(asked).to.deep.equal([]);
  });

  it("is taken over when it carries this stack's owner label", async () => {
    const { workspace: stack, asked } = workspace(true, [step("same"), step("create")], owned("openshift-ai-platform.test"));
    expect(await recover(stack)).to.deep.equal(takeOver);
    expect(asked).to.deep.equal(["preview", "get Service.v1. ollama -n ai -o json --ignore-not-found"]);
  });

  it("is found without a note in the state too", async () => {
    const { workspace: stack } = workspace(false, [step("create")], owned("openshift-ai-platform.test"));
    const killed: unknown = await unfinishedUntilDone(stack, () => Promise.reject(new Error("killed"))).catch((error: unknown) => error);
    expect((killed as Error).message).to.equal("killed");
    expect(await recover(stack)).to.deep.equal(takeOver);
    await unfinishedUntilDone(stack, () => Promise.resolve());
    expect(await recover(stack)).to.deep.equal({});
  });

  it("is made again when nothing was made yet", async () => {
    expect(await recover(workspace(true, [step("create")]).workspace)).to.deep.equal({});
  });

  for (const [what, inputs, live, named] of [
    ["it is another stack's", service, owned("openshift-ai-platform.other"), "Service ai/ollama (of openshift-ai-platform.other)"],
    ["it is nobody's", service, { metadata: {} }, "Service ai/ollama (of nobody)"],
    ["its project is another stack's", namespace, owned("openshift-ai-platform.other"), "Namespace ai (of openshift-ai-platform.other)"],
  ] as const) {
    it(`is not taken over when ${what}, and is named with its owner`, async () => {
      const error: unknown = await recover(workspace(true, [step("create", inputs)], live).workspace).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UserError);
      expect((error as UserError).message)
        .to.contain(named)
        .and.to.contain("not of openshift-ai-platform.test");
      expect((error as UserError).fix)
        .to.contain("cluster of its own")
        .and.to.contain("renamed");
    });
  }

  it("leaves a namespace that admins made to the program, which takes it over by itself", async () => {
    expect(await recover(workspace(true, [step("create", namespace)], { metadata: {} }).workspace)).to.deep.equal({});
  });
});
