import { expect } from "chai";
import { deletions, retained, type Retained } from "../../tools/stack/retained";
import type { Workspace } from "../../tools/stack/workspace";

const namespace: Retained = { kind: "Namespace", metadata: { name: "ai" } };
const claim: Retained = { kind: "PersistentVolumeClaim", metadata: { name: "models", namespace: "ai" }, spec: { volumeName: "pv-1" } };
const unbound: Retained = { kind: "PersistentVolumeClaim", metadata: { name: "later", namespace: "ai" }, spec: {} };
const volume: Retained = { kind: "PersistentVolume", metadata: { name: "ai.datasets" } };
const secret: Retained = { kind: "Secret", metadata: { name: "database", namespace: "ai" } };

describe("what a destroyed stack leaves", () => {
  it("is what carries its owner label, namespaces last", async () => {
    const asked: string[] = [];
    const kubectl = (args: readonly string[]) => {
      asked.push(args.join(" "));
      return Promise.resolve({ code: 0, stderr: "", stdout: JSON.stringify({ items: [namespace, volume, secret, claim] }) });
    };
    const workspace = { stack: "test", cluster: { kubectl } } as unknown as Workspace;
    expect(await retained(workspace)).to.deep.equal([claim, secret, volume, namespace]);
    expect(asked).to.deep.equal([
      "get persistentvolumeclaims,secrets,persistentvolumes,namespaces -A -l openshift-ai-platform/owner=openshift-ai-platform.test -o json",
    ]);
  });

  it("is deleted with its namespaces, and then the volumes that they leave, each once", () => {
    expect(deletions([claim, unbound, secret, volume, namespace])).to.deep.equal([
      "delete namespace ai",
      "delete persistentvolume pv-1 ai.datasets --ignore-not-found",
    ]);
  });

  it("is deleted by no command where there is none", () => {
    expect(deletions([])).to.deep.equal([]);
  });
});
