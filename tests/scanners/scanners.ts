/** Two scanners from package registries, at pinned versions, in the user's cache: kube-score, a Go module, and checkov, a Python package. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../tools/lib/errors";
import { exec } from "../../tools/lib/exec";
import { cacheDir, root } from "../../tools/lib/paths";
import { step } from "../../tools/lib/progress";
import { cachedDir } from "../../tools/toolchain/cache";
import { ensureProgram } from "../../tools/toolchain/ensure";

/** One thing that a scanner finds wrong. */
export interface Finding {
  /** The scanner's own name of the check. */
  readonly check: string;
  /** What it checks, in the scanner's words. */
  readonly title: string;
  /** `Kind namespace/name` */
  readonly object: string;
}

export interface Scanner {
  readonly name: "checkov" | "kube-score";
  readonly version: string;
  /** @param files manifests, absolute paths */
  scan(files: readonly string[]): Promise<readonly Finding[]>;
}

export async function scanners(): Promise<readonly Scanner[]> {
  return [await checkov(), await kubeScore()];
}

interface Scored {
  readonly object_name: string;
  readonly checks: readonly { readonly check: { readonly id: string; readonly comment: string }; readonly grade: number; readonly skipped: boolean }[];
}

/** The grade of a check that found nothing. */
const good = 10;
const optional = [
  "container-resource-requests-equal-limits",
  "container-cpu-requests-equal-limits",
  "container-memory-requests-equal-limits",
  "container-ephemeral-storage-request-equals-limit",
  "container-ports-check",
  "container-seccomp-profile",
];

async function kubeScore(): Promise<Scanner> {
  const found = await ensureProgram({
    name: "kube-score",
    module: "kube-score",
    folder: "tests/scanners/kube-score",
    versionOf: "github.com/zegl/kube-score",
    packages: ["github.com/zegl/kube-score/cmd/kube-score"],
  });
  return {
    name: "kube-score",
    version: found.version,
    async scan(files) {
      const on = optional.flatMap((name) => ["--enable-optional-test", name]);
      const { stdout } = await exec(join(found.dir, "kube-score"), ["score", "--output-format", "json", ...on, ...files], { allowFailure: true });
      return (JSON.parse(stdout) as readonly Scored[]).flatMap(({ object_name: name, checks }) =>
        checks
          .filter(({ grade, skipped }) => grade < good && !skipped)
          .map(({ check }) => ({ check: check.id, title: check.comment, object: scoredTitle(name) })),
      );
    },
  };
}

/** `Deployment/apps/v1/ollama/web` → `Deployment ollama/web` */
function scoredTitle(name: string): string {
  const parts = name.split("/");
  return `${parts[0] ?? ""} ${parts.slice(-2).join("/")}`;
}

interface Checked {
  readonly results: { readonly failed_checks: readonly { readonly check_id: string; readonly check_name: string; readonly resource: string }[] };
}

async function checkov(): Promise<Scanner> {
  const requirements = join(root, "tests/scanners/checkov/requirements.txt");
  const pinned = readFileSync(requirements, "utf8");
  const version = /^checkov==(\S+)$/m.exec(pinned)?.[1] ?? "";
  const python = (await run("python3", ["-c", "import platform; print(platform.python_version())"])).trim();
  const key = createHash("sha256").update(`${pinned}\0${python}`).digest("hex").slice(0, 16);
  const dir = join(cacheDir, "scanners", `checkov-${version}-${key}`);
  await step(`checkov ${version}`, async (note) => {
    const fresh = await cachedDir(dir, { what: `checkov ${version}` }, async (target) => {
      await run("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", target, "--requirement", requirements]);
    });
    note(fresh ? "installed from the package index" : "cached");
  });
  const env = { ...process.env, PYTHONPATH: dir, PYTHONDONTWRITEBYTECODE: "1", LOG_LEVEL: "ERROR" };
  return {
    name: "checkov",
    version,
    async scan(files) {
      const list = files.flatMap((file) => ["--file", file]);
      const args = ["-m", "checkov.main", "--framework", "kubernetes", "--output", "json", "--quiet", "--compact", "--skip-download", ...list];
      const { stdout } = await exec("python3", args, { env, allowFailure: true });
      return (JSON.parse(stdout) as Checked).results.failed_checks.map((one) => ({
        check: one.check_id,
        title: one.check_name,
        object: checkedTitle(one.resource),
      }));
    },
  };
}

/** `Deployment.ollama.web` → `Deployment ollama/web`; a pod has its labels behind the namespace */
function checkedTitle(resource: string): string {
  const [kind = "", namespace = "", ...name] = resource.split(".");
  return `${kind} ${namespace}/${name.join(".")}`;
}

async function run(command: string, args: readonly string[]): Promise<string> {
  try {
    return (await exec(command, args)).stdout;
  } catch (error) {
    throw new UserError(`checkov can't be installed: ${command} ${args.slice(0, 3).join(" ")} fails`, {
      fix: "install Python 3.10 or newer with pip, and check that its package index answers",
      cause: error,
    });
  }
}
