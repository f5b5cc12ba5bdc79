/** The project's own rules that no linter knows: pins, links, nothing of one machine. Prints all problems, with file and line. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./lib/paths";

const problems: string[] = [];
const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root, encoding: "utf8" });
const files = stdout.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));

/** A rule about single lines: what must not be there, in which files, and what to do about it. */
const lines: readonly { pattern: RegExp; files: RegExp; except?: RegExp; fix: string }[] = [
  {
    pattern: /(?:^|[^\w.])(?:\/root\/|\/home\/\w+\/|\/work\/)/,
    files: /./,
    // Manifests in the shape of charts, as those have them.
    except: /^(tools\/check\.ts|tools\/programs\/.*\/go\.sum|tests\/policy\/charts\/.*)$/,
    fix: "no path of one machine",
  },
  {
    pattern: /[\w/.-]+:latest\b/,
    files: /\.(ts|ya?ml|lock)$|Makefile$/,
    except: /^tools\/check\.ts$|\.test\.ts$|^policy\/corpus\/|^tests\/policy\/charts\//,
    fix: "pin the version",
  },
  { pattern: /\b(?:describe|it)\.(?:only|skip)\(|\bthis\.skip\(/, files: /^tests\//, fix: "a focused or skipped test hides a gap" },
  { pattern: /\buses: (?!\.\/)\S+@(?![0-9a-f]{40}\b)/, files: /^\.github\//, fix: "pin the action by a commit" },
  { pattern: /\b(?:TODO|FIXME|XXX)\b/, files: /\.(ts|go|ya?ml|md)$|Makefile$/, except: /^tools\/check\.ts$/, fix: "finish it or write an issue" },
  { pattern: /from ["'](?:\.\.\/)+tools\//, files: /^(index\.ts|components\/|stacks\/)/, fix: "the program never imports tools/" },
  {
    pattern: /process\.env|new pulumi\.Config\b/,
    files: /^components\//,
    // Scripts that @pulumi/command runs in processes of their own.
    except: /\.mjs$/,
    fix: "components get typed arguments; stacks/ reads the configuration",
  },
];
for (const file of files) {
  const rules = lines.filter((rule) => rule.files.test(file) && !rule.except?.test(file));
  if (rules.length === 0 || file === "package-lock.json" || file === "LICENSE") continue;
  readFileSync(join(root, file), "utf8")
    .split("\n")
    .forEach((line, at) => {
      for (const rule of rules) if (rule.pattern.test(line)) problems.push(`${file}:${at + 1}: ${rule.fix}: ${line.trim().slice(0, 100)}`);
    });
}

for (const file of files.filter((one) => one.endsWith(".md"))) {
  for (const [, target = ""] of readFileSync(join(root, file), "utf8").matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (!/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(file), target))) problems.push(`${file}: ${target}: there is no such file to link to`);
  }
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, Record<string, string> | undefined>;
for (const group of ["dependencies", "devDependencies"]) {
  for (const [name, version] of Object.entries(manifest[group] ?? {})) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) problems.push(`package.json: ${group}.${name}: ${version}: an exact version is needed, such as 1.2.3`);
  }
}

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
