/** What the options of a Pulumi resource say of a claim: files and admission know none. */
import { expect } from "chai";
import { evaluate } from "../../policy/src/evaluate";
import { kubeObject, type Source } from "../../policy/src/objects";
import { policies } from "../../policy/src/policies";
import { defaultSettings } from "../../policy/src/settings";
import { Stack } from "../../policy/src/stack";
import { plain, type Value } from "../../policy/src/values";

const volumesProtected = policies.filter(({ name }) => name === "volumes-protected");
const claimOf = (storageClassName: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: "ai-production" },
  spec: { storageClassName },
});
const retaining = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "ours" },
  parameters: { encrypted: "true" },
  reclaimPolicy: "Retain",
};

function outcome(
  claim: object,
  options: Source["options"],
  others: readonly object[] = [],
  parameters: Readonly<Record<string, Value>> = {},
): readonly string[] {
  const objects = [claim, ...others].map((value, i) => kubeObject(plain(value), { id: String(i), ...(i === 0 && options ? { options } : {}) }));
  const stack = new Stack(objects.filter((object) => object !== undefined));
  return evaluate(volumesProtected, stack, { settings: defaultSettings, parameters: { "volumes-protected": parameters } })
    .filter(({ object }) => object.kind === "PersistentVolumeClaim")
    .flatMap(({ problems }) => problems.map(({ path, message }) => `${path} ${message}`));
}

const refused = "metadata.name must have the option protect or retainOnDelete";

describe("a claim of a class that nobody has looked at", () => {
  const of = (options: Source["options"]) => outcome(claimOf("theirs"), options).filter((line) => line === refused);

  it("is refused where destroy deletes it", () => {
    expect(of({ protect: false })).to.deep.equal([refused]);
    expect(of({ protect: false, retainOnDelete: false })).to.deep.equal([refused]);
  });

  it("is right where it is protected or retained", () => {
    expect(of({ protect: true })).to.deep.equal([]);
    expect(of({ protect: false, retainOnDelete: true })).to.deep.equal([]);
  });
});

describe("a claim of a class that retains its volumes", () => {
  it("may be deleted: its volume stays", () => {
    expect(outcome(claimOf("ours"), { protect: false }, [retaining])).to.deep.equal([]);
    expect(outcome(claimOf("theirs"), { protect: false }, [], { encryptedClasses: ["theirs"] })).to.deep.equal([]);
  });
});
