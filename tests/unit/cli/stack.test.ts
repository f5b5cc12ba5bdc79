import { expect } from "chai";
import { diffOf } from "../../../cli/stack/diff";
import { edited, readStack } from "../../../cli/stack/file";
import { addModel, setHold } from "../../../cli/stack/edits";
import { UserError } from "../../../cli/errors";
import { tiny } from "../support/config";
import { stackText } from "./support";

/** As a person wrote it, with comments at all places. */
const text = `# the stack
config:
  openshift-ai-platform:environment: development # decides the project
  openshift-ai-platform:platform: kubernetes
  openshift-ai-platform:cluster: { name: development, context: ai, apiServerAddresses: [198.18.0.2/32] }

  # the models
  openshift-ai-platform:models:
    - name: ${tiny}
      source: { kind: image, image: tiny-model, path: /models/tiny }
  openshift-ai-platform:serving:
    pools:
      - name: ollama # the first
        models: [${tiny}]
        # as many as there are GPUs
        replicas: 2
      - name: second
        models: [${tiny}]
  openshift-ai-platform:registry: { pullSecret: pull }
  openshift-ai-platform:registryCredentials:
    secure: AAABAPrX
`;
const read = (content: string) => readStack("dev", "Pulumi.dev.yaml", { read: () => content, write: () => undefined });
const other = { name: "tiny:0.2m-v1.0-random", source: { kind: "image", image: "tiny-model" } };
const hold = { revision: "6d4c8f9b75", by: "alice", since: "2026-02-03T04:05:06Z", reason: "slow" };

describe("aictl: edits of a configuration file", () => {
  it("change the lines that they are about, and no other", () => {
    const { after, diff } = setHold(read(text), "ollama", hold);
    const added = after.split("\n").filter((line) => !text.includes(line));
    expect(added.map((line) => line.trim())).to.deep.equal(["hold:", "revision: 6d4c8f9b75", "by: alice", `since: "2026-02-03T04:05:06Z"`, "reason: slow"]);
    expect(text.split("\n").filter((line) => !after.includes(line))).to.deep.equal([]);
    expect(diff.split("\n").filter((line) => line.startsWith("-") && !line.startsWith("---"))).to.deep.equal([]);
  });

  it("keep the way that a list is written in", () => {
    const { diff } = addModel(read(text), other, ["second"]);
    expect(diff).to.contain(`-        models: [${tiny}]`).and.contain(`+        models: [${tiny}, tiny:0.2m-v1.0-random]`);
  });

  it("are taken back without a trace", () => {
    const held = setHold(read(text), "ollama", hold).after;
    expect(setHold(read(held), "ollama", undefined).after).to.equal(text);
  });

  it("keep a revision that looks like a number a text", () => {
    const { after } = setHold(read(text), "ollama", { ...hold, revision: "123456789" });
    expect(read(after).config.serving.pools[0]?.hold?.revision).to.equal("123456789");
  });

  it("are refused where `up` would refuse the result", () => {
    expect(() => edited(read(text), (document) => document.setIn(["config", "openshift-ai-platform:platform"], "vms"))).to.throw(
      UserError,
      "openshift-ai-platform:platform",
    );
  });

  it("do not need the file's secrets, and never show them", () => {
    expect(read(text).config.registryCredentials).to.not.contain("AAABAPrX");
  });

  it("are refused in what `pulumi config set` wrote as text", () => {
    const asText = text.replace(
      / {2}openshift-ai-platform:serving:\n(?: {4}.*\n)+/,
      `  openshift-ai-platform:serving: '{"pools":[{"name":"ollama","models":["${tiny}"]}]}'\n`,
    );
    expect(() => setHold(read(asText), "ollama", hold)).to.throw(UserError, "is no list in the file itself");
  });

  it("name a file that is not there or no YAML", () => {
    expect(() => readStack("dev", "Pulumi.dev.yaml", { read: () => undefined, write: () => undefined })).to.throw(UserError, "is not there");
    expect(() => read("config: [")).to.throw(UserError, "is not valid YAML");
    expect(read(stackText()).config.environment).to.equal("development");
  });
});

describe("aictl: differences", () => {
  it("are lines with where they stand", () => {
    expect(diffOf("f", "a\nb\nc\n", "a\nB\nc\nd\n").split("\n")).to.deep.equal(["--- f", "+++ f", "@@ line 2", "-b", "+B", "@@ line 4", "+d"]);
    expect(diffOf("f", "a\n", "a\n")).to.equal("");
  });
});
