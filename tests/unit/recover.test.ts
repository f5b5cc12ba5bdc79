import { expect } from "chai";
import type { Cluster } from "../../tools/cluster";
import { UserError } from "../../tools/lib/errors";
import type { ExecResult } from "../../tools/lib/exec";
import { recover } from "../../tools/stack/recover";
import type { Workspace } from "../../tools/stack/workspace";

const result = (stdout: string): Promise<ExecResult> => Promise.resolve({ code: 0, stdout, stderr: "" });

const service = { apiVersion: "v1", kind: "Service", metadata: { name: "ollama", namespace: "ai" } };
const operation = (type: string, inputs: unknown = service) => ({ type, resource: { urn: "urn", type: "kubernetes:core/v1:Service", custom: true, inputs } });

/** A stack `test` whose state has these operations, on a cluster that answers every question for an object with `live`. */
function workspace(pending: readonly unknown[], live?: unknown): { workspace: Workspace; asked: string[] } {
  const asked: string[] = [];
  const cluster: Cluster = {
    name: "test",
    dir: "/nowhere",
    platform: "openshift",
    flavor: "real",
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
  const pulumi = () => result(JSON.stringify({ deployment: { pending_operations: pending } }));
  return { workspace: { stack: "test", cluster, configFile: "/nowhere/Pulumi.test.yaml", pulumi }, asked };
}

const owned = (owner: string) => ({ metadata: { labels: { "openshift-ai-platform/owner": owner } } });

describe("what a killed up leaves", () => {
  it("costs no question to the cluster when nothing was interrupted", async () => {
    const { workspace: stack, asked } = workspace([]);
    expect(await recover(stack)).to.deep.equal({});
    expect(asked).to.deep.equal([]);
  });

  it("is taken over when it carries this stack's owner label", async () => {
    const { workspace: stack, asked } = workspace([operation("creating")], owned("openshift-ai-platform.test"));
    expect(await recover(stack)).to.deep.equal({ PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" });
    expect(asked).to.deep.equal(["get Service.v1 ollama -n ai -o json --ignore-not-found"]);
  });

  it("is made again when nothing was made yet", async () => {
    expect(await recover(workspace([operation("creating")]).workspace)).to.deep.equal({});
  });

  it("is left to the next up where the operation was no create", async () => {
    const { workspace: stack, asked } = workspace([operation("updating"), operation("deleting")]);
    expect(await recover(stack)).to.deep.equal({});
    expect(asked).to.deep.equal([]);
  });

  for (const [whose, live] of [
    ["another stack's", owned("openshift-ai-platform.other")],
    ["nobody's", { metadata: {} }],
  ] as const) {
    it(`is not taken over when it is ${whose}, and is named`, async () => {
      const error: unknown = await recover(workspace([operation("creating")], live).workspace).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UserError);
      expect((error as UserError).message).to.contain("Service ollama");
      expect((error as UserError).fix).to.contain("remove these objects");
    });
  }
});
