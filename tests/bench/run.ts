/**
 * `make bench`: ratios of one run, medians of 5, against floors measured in the same minutes on the same machine. It fails nothing.
 * Everything runs on a simulated cluster of its own, which it removes at the end.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { removeCluster, startCluster, type Cluster } from "../../tools/cluster";
import { exec } from "../../tools/lib/exec";
import { stateDir } from "../../tools/lib/paths";
import { bold, say, step } from "../../tools/lib/progress";
import { renderConfiguration } from "../../tools/commands/render";
import { manifestsOf, write } from "../../tools/render/render";
import { ensurePack } from "../../tools/policy/pack";
import { openTools, type Tools } from "../../tools/stack/tools";
import { openWorkspace, pulumiEnvironment, type Workspace } from "../../tools/stack/workspace";
import { countingProxy, median, peakMemory, timed, type Upstream } from "./measure";
import { benchGateway } from "./gateway";
import { benchPolicies, emptyPack } from "./policy";
import { benchProxy } from "./proxy";

/** RUNS=3 for a quick look */
const RUNS = Number(process.env.RUNS ?? 5);
const SMALL = 250;
const LARGE = 500;

type Run = (...args: readonly string[]) => Promise<unknown>;

interface Row {
  readonly what: string;
  readonly value: string;
  readonly target: string;
  readonly met: boolean | undefined;
}
const rows: Row[] = [];
function row(what: string, value: number, unit: string, target?: number): void {
  rows.push({
    what,
    value: `${value.toFixed(2)}${unit}`,
    target: target === undefined ? "" : `≤ ${target}`,
    met: target === undefined ? undefined : value <= target,
  });
}

async function main(): Promise<void> {
  const tools = await openTools();
  const cluster = await startCluster({ name: "bench", platform: "openshift", flavor: "simulated", nodes: 3, gpus: 4 });
  try {
    const env = pulumiEnvironment(cluster, tools);
    const empty = await program(tools.pulumi, env, "empty");
    const workspace = await openWorkspace("dev", cluster, tools);
    const stack: Run = (...args) => workspace.pulumi(args);
    const up = ["up", "--yes", "--skip-preview"] as const;

    await step("first up of the dev stack", () => stack(...up));
    await empty(...up);
    const preview = await compare(
      "preview",
      () => stack("preview"),
      () => empty("preview"),
    );
    const noop = await compare(
      "no-op up",
      () => stack(...up),
      () => empty(...up),
    );
    row("preview of the unchanged dev stack / of an empty program", preview, "×", 3);
    row("no-op up of the dev stack / of an empty program", noop, "×", 3);
    row("peak memory of that preview", await peakMemory(() => stack("preview")), " MiB");
    row("peak memory of an empty preview", await peakMemory(() => empty("preview")), " MiB");
    await stack("destroy", "--yes", "--skip-preview");

    await production(cluster, tools, empty);
    await configMaps(tools.pulumi, env, cluster, up);
  } finally {
    await removeCluster(cluster);
  }
  for (const { what, value, unit, target } of [...(await benchProxy()), ...(await benchGateway())]) row(what, value, unit, target);
  print();
}

/** Median of the one over median of the other, taken in turns so that both see the same machine. */
async function compare(name: string, ours: () => Promise<unknown>, floor: () => Promise<unknown>): Promise<number> {
  const times = { ours: [] as number[], floor: [] as number[] };
  await step(`${name}, ${RUNS} times beside its floor`, async () => {
    for (let i = 0; i < RUNS; i++) {
      times.floor.push(await timed(floor));
      times.ours.push(await timed(ours));
    }
  });
  say(`    ${name}: ${Math.round(median(times.ours))} ms, floor ${Math.round(median(times.floor))} ms`);
  return median(times.ours) / median(times.floor);
}

/** The largest stack: its first preview beside that of as many ConfigMaps, its unchanged preview beside an empty program's, its manifests beside kustomize. */
async function production(cluster: Cluster, tools: Tools, empty: Run): Promise<void> {
  // What the dev stack has left: this one owns the cluster now.
  for (const kind of ["namespaces", "persistentvolumes"]) await cluster.kubectl(["delete", kind, "-l", "app.kubernetes.io/part-of=openshift-ai-platform"]);
  const workspace = await openWorkspace("production", cluster, tools);
  const stack: Run = (...args) => workspace.pulumi(args);
  const out = join(stateDir, "manifests");
  let length = 0;
  const render = async () => {
    const manifests = await manifestsOf("production", renderConfiguration("production"));
    write(manifests, out);
    length = manifests.length;
  };
  await render();
  const kustomize = () => cluster.kubectl(["kustomize", out]);
  row(`render of production, ${length} manifests / kustomize build of them`, await compare("render", render, kustomize), "×");

  const configMaps = await program(tools.pulumi, pulumiEnvironment(cluster, tools), "configmaps", {
    kubeconfig: cluster.kubeconfig,
    context: cluster.context,
    count: `${length}`,
  });
  const first = await compare(
    "first preview of production",
    () => stack("preview"),
    () => configMaps("preview"),
  );
  row(`first preview of production / of ${length} ConfigMaps`, first, "×", 1.5);

  await withPolicies(workspace);
  for (const { what, value, unit, target } of benchPolicies(await manifestsOf("production", renderConfiguration("production")))) row(what, value, unit, target);

  await step("first up of production", () => stack("up", "--yes", "--skip-preview"));
  const unchanged = await compare(
    "unchanged preview of production",
    () => stack("preview"),
    () => empty("preview"),
  );
  row("preview of unchanged production / of an empty program", unchanged, "×", 3);
  await stack("destroy", "--yes", "--skip-preview");
}

/** What the policies add to a preview, and how much of it a pack of one empty policy adds too. */
async function withPolicies(workspace: Workspace): Promise<void> {
  // A preview that is refused does all the work: images of this machine have no digest.
  const preview = (...args: readonly string[]) => workspace.pulumi(["preview", ...args], { allowFailure: true });
  const ours = await ensurePack();
  const empty = emptyPack(stateDir);
  for (const [name, pack] of [
    ["the policies", ours],
    ["one empty policy", empty],
  ] as const) {
    const ratio = await compare(`first preview of production with ${name}`, () => preview("--policy-pack", pack), () => preview()); // prettier-ignore
    row(`first preview of production with ${name} / without`, ratio, "×", pack === ours ? 1.25 : undefined);
  }
}

async function configMaps(cli: string, base: NodeJS.ProcessEnv, cluster: Cluster, up: readonly string[]): Promise<void> {
  const proxy = await countingProxy(upstreamOf(cluster.kubeconfig));
  try {
    const kubeconfig = join(stateDir, "bench-kubeconfig.yaml");
    const entry = { name: "bench" };
    const file = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ ...entry, cluster: { server: proxy.server } }],
      users: [{ ...entry, user: {} }],
      contexts: [{ ...entry, context: { cluster: "bench", user: "bench" } }],
      "current-context": "bench",
    };
    writeFileSync(kubeconfig, JSON.stringify(file), { mode: 0o600 });
    // The stand-in does not know the proxy, which stands before our own cluster.
    const env = { ...base, OAP_STANDIN_ANY_CLUSTER: "1" };
    const times = { preview: new Map<number, number>(), up: new Map<number, number>() };
    for (const count of [SMALL, LARGE]) {
      const run = await program(cli, env, "configmaps", { kubeconfig, context: "bench", count: `${count}` });
      const measured = { preview: [] as number[], up: [] as number[] };
      await step(`${count} ConfigMaps: preview and up, ${RUNS} times`, async () => {
        for (let i = 0; i < RUNS; i++) {
          measured.preview.push(await timed(() => run("preview")));
          proxy.reset();
          measured.up.push(await timed(() => run(...up)));
          const created = proxy.total();
          proxy.reset();
          if (i === RUNS - 1) {
            await run(...up);
            row(`API calls per object on create, ${count} ConfigMaps`, created / (count + 1), "", 1.1);
            row(`API calls per object on a no-op up, ${count} ConfigMaps`, proxy.total() / (count + 1), "", 0.1);
            if (count === LARGE) row(`peak memory of a no-op up of ${count} ConfigMaps`, await peakMemory(() => run(...up)), " MiB");
          }
          await run("destroy", "--yes", "--skip-preview");
        }
      });
      times.preview.set(count, median(measured.preview));
      times.up.set(count, median(measured.up));
    }
    for (const kind of ["preview", "up"] as const)
      row(`T(${LARGE}) / T(${SMALL}) of ${kind}`, (times[kind].get(LARGE) ?? NaN) / (times[kind].get(SMALL) ?? NaN), "×", 2.2);
  } finally {
    proxy.close();
  }
}

function upstreamOf(kubeconfig: string): Upstream {
  interface Parsed {
    clusters: [{ cluster: { server: string; "certificate-authority-data"?: string; "certificate-authority"?: string } }];
    users: [{ user: Record<"client-certificate-data" | "client-key-data" | "client-certificate" | "client-key", string | undefined> }];
  }
  const { clusters, users } = parse(readFileSync(kubeconfig, "utf8")) as Parsed;
  const read = (data: string | undefined, path: string | undefined) => (data ? Buffer.from(data, "base64").toString() : readFileSync(path ?? "", "utf8"));
  const { server, ...authority } = clusters[0].cluster;
  const { user } = users[0];
  return {
    server,
    ca: read(authority["certificate-authority-data"], authority["certificate-authority"]),
    cert: read(user["client-certificate-data"], user["client-certificate"]),
    key: read(user["client-key-data"], user["client-key"]),
  };
}

/** A program of `programs/` with a stack of its own; its configuration is written outside the tree. */
async function program(cli: string, env: NodeJS.ProcessEnv, name: string, config: Readonly<Record<string, string>> = {}): Promise<Run> {
  const source = join(__dirname, "programs", name);
  const dir = join(stateDir, "bench", name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "Pulumi.yaml"), readFileSync(join(source, "Pulumi.yaml")));
  const stack = Object.values(config).length > 0 ? `n${config.count}` : "bench";
  const options = { env, logFile: join(stateDir, "logs", "bench.log") };
  await exec(cli, ["-C", dir, "--non-interactive", "stack", "init", stack], options);
  for (const [key, value] of Object.entries(config)) await exec(cli, ["-C", dir, "--non-interactive", "config", "set", key, value, "--stack", stack], options);
  const file = join(dir, `Pulumi.${stack}.yaml`);
  return (...args) => exec(cli, ["-C", source, "--non-interactive", ...args, "--stack", stack, "--config-file", file], options);
}

function print(): void {
  const width = Math.max(...rows.map((one) => one.what.length));
  say("");
  say(bold(`${"".padEnd(width)}  ${"measured".padStart(12)}  target`));
  for (const { what, value, target, met } of rows)
    say(`${what.padEnd(width)}  ${value.padStart(12)}  ${target}${met === undefined ? "" : met ? "" : "  missed"}`);
}

void main()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  })
  .finally(() => process.exitCode === 1 || rmSync(stateDir, { recursive: true, force: true }));
