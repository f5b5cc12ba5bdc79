/** The pack in real previews: this repository's stacks pass, bad programs are refused, and it works installed elsewhere, on a program that isn't ours. */
import { expect } from "chai";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layers } from "../../../policy/src/layers";
import type { Results } from "../../../policy/src/results";
import { stackPolicies } from "../../../tools/commands/policy";
import { renderConfiguration } from "../../../tools/commands/render";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { ensurePack } from "../../../tools/policy/pack";
import { policyPreview } from "../../../tools/policy/preview";
import { openTools, type Tools } from "../../../tools/stack/tools";
import { writePrograms, type BadProgram } from "./badPrograms";

let tools: Tools;
let pack: string;
const dir = mkdtempSync(join(tmpdir(), "oap-programs-"));

before(async function prepare() {
  this.timeout(300_000);
  tools = await openTools();
  pack = await ensurePack();
});
after(() => rmSync(dir, { recursive: true }));

const wrong = ({ results }: Results, ...outcomes: readonly string[]) =>
  results
    .filter(({ outcome }) => outcomes.includes(outcome))
    .map(({ policy, object, problems }) => `${policy}: ${object}: ${problems[0]?.path ?? ""} ${problems[0]?.message ?? ""}`);

describe("our own stacks, previewed with the policies", function () {
  this.timeout(180_000);
  for (const stack of ["dev", "staging", "production"])
    for (const platform of ["openshift", "kubernetes"] as const)
      it(`${stack} on ${platform} violates none, and all is decided before up`, async () => {
        const { code, output, results } = await stackPolicies(stack, platform, tools, pack);
        if (results === undefined) throw new Error(output);
        expect(wrong(results, "violated", "error", "not decided")).to.deep.equal([]);
        expect(results.exemptions.map(({ policy, state }) => [policy, state]).filter(([, state]) => state !== "used")).to.deep.equal([]);
        expect([code, results.stack, results.settings.platform]).to.deep.equal([0, stack, platform]);
        expect(results.results.filter(({ outcome }) => outcome === "passed").length).to.be.greaterThan(300);
      });

  it("production, on a cluster that isn't embedded, is refused while images have no digest", async () => {
    const { code, output, results } = await policyPreview("production", renderConfiguration("production"), tools, { pack });
    expect(code).not.to.equal(0);
    expect(output).to.match(/\[mandatory\] \[severity: high\] +image-pinned/);
    expect([...new Set(results?.results.filter(({ outcome }) => outcome === "violated").map(({ policy }) => policy))]).to.include("image-pinned");
  });
});

describe("a bad program", function () {
  this.timeout(180_000);
  let programs: readonly BadProgram[] = [];
  let preview: Awaited<ReturnType<typeof policyPreview>>;

  before(async () => {
    const folder = join(dir, "bad");
    mkdirSync(folder);
    programs = writePrograms(folder);
    preview = await policyPreview("bad", {}, tools, { pack, program: folder, projectName: "bad-programs", policy: { layers: Object.keys(layers) } });
  });

  it("is there for 40 rules and more", () => expect(programs.length).to.be.at.least(40));

  it("is refused for the rule that it breaks, each of them, by a real preview", () => {
    const { code, output, results } = preview;
    expect(code).not.to.equal(0);
    if (results === undefined) throw new Error(output);
    const mandatory = new Set(results.policies.filter(({ level }) => level === "mandatory").map(({ name }) => name));
    const refused = programs.filter(
      ({ policy, component }) =>
        mandatory.has(policy) &&
        new RegExp(`\\[mandatory\\] \\[severity: \\w+\\] +${policy} +\\(kubernetes:\\S+: ${policy}-\\d+\\)`).test(output) &&
        results.results.some((one) => one.policy === policy && one.outcome === "violated" && one.object.includes(`${component}$`)),
    );
    expect(refused.map(({ policy }) => policy)).to.deep.equal(programs.map(({ policy }) => policy));
  });
});

describe("the pack, installed from its package outside this repository", function () {
  this.timeout(400_000);
  const program = join(dir, "shop");
  const installed = join(dir, "installed");

  before(async () => {
    mkdirSync(installed);
    const { stdout } = await exec("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", dir], { cwd: pack });
    const [{ filename = "", files = [] } = {}] = JSON.parse(stdout) as readonly {
      readonly filename?: string;
      readonly files?: readonly { readonly path: string }[];
    }[];
    expect(files.map(({ path }) => path).sort()).to.deep.equal(["LICENSE", "PulumiPolicy.yaml", "README.md", "bin/openshift-ai-policy", "dist/cli.js", "dist/index.js", "package.json"]); // prettier-ignore
    await exec("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", join(dir, filename)], { cwd: installed });

    mkdirSync(program);
    symlinkSync(join(root, "node_modules"), join(program, "node_modules"));
    writeFileSync(join(program, "Pulumi.yaml"), "name: shop\nruntime:\n  name: nodejs\n  options: { typescript: true }\n");
    writeFileSync(join(program, "package.json"), '{ "name": "shop", "main": "index.ts" }\n');
    writeFileSync(join(program, "tsconfig.json"), '{ "compilerOptions": { "noCheck": true, "module": "nodenext", "moduleResolution": "nodenext" } }\n');
    writeFileSync(
      join(program, "index.ts"),
      `import * as k8s from "@pulumi/kubernetes";
import * as random from "@pulumi/random";
const tag = new random.RandomId("tag", { byteLength: 4 });
new k8s.apps.v1.Deployment("cart", {
  metadata: { name: "cart", namespace: "shop" },
  spec: {
    selector: { matchLabels: { app: "cart" } },
    template: {
      metadata: { labels: { app: "cart" } },
      spec: {
        containers: [
          { name: "cart", image: "docker.io/shop/cart:latest", securityContext: { privileged: true }, resources: { limits: { "nvidia.com/gpu": "0.5" } } },
          { name: "new", image: tag.hex.apply((hex) => "docker.io/shop/cart:" + hex) },
        ],
      },
    },
  },
});
`,
    );
  });

  it("refuses a program of somebody else's, and counts what that leaves open", async () => {
    const folder = join(installed, "node_modules", "openshift-ai-policy");
    const { code, output, results } = await policyPreview("test", {}, tools, { pack: folder, program, projectName: "shop" });
    expect(code).not.to.equal(0);
    for (const name of ["not-privileged", "gpu-integer-limit", "image-pinned"])
      expect(output).to.match(new RegExp(`\\[mandatory\\] \\[severity: \\w+\\] +${name}`));
    expect(output).to.match(/not decided before up: .*image-registry \(1\)/);
    expect(results?.objects.map(({ title }) => title)).to.deep.equal(["Deployment shop/cart"]);
  });

  it("checks what comes through a pipe", async () => {
    const manifest = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: b }\nspec: { hostNetwork: true, containers: [] }\n";
    const { code, stdout } = await exec("npx", ["--no-install", "openshift-ai-policy", "check", "-"], { cwd: installed, input: manifest, allowFailure: true });
    expect(code).to.equal(1);
    expect(stdout).to.match(/✗ no-host-namespaces: .*\n +Pod b\/a \(stdin:1\)\n +spec\.hostNetwork is true/);
  });

  it("leaves nothing in the folder that it is installed in", () => {
    expect(readdirSync(installed).sort()).to.deep.equal(["node_modules", "package-lock.json", "package.json"]);
  });
});
