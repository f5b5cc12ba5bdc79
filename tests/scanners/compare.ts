/**
 * `make compare-scanners`: what our check and two scanners find in manifests in the shape of public charts' defaults, and what the scanners find in our own production.
 * Writes the tables of docs/policies-compared.md.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { evaluate } from "../../policy/src/evaluate";
import { kubeObject } from "../../policy/src/objects";
import { policies } from "../../policy/src/policies";
import { defaultSettings } from "../../policy/src/settings";
import { Stack } from "../../policy/src/stack";
import { plain } from "../../policy/src/values";
import { renderConfiguration } from "../../tools/commands/render";
import { withSection } from "../../tools/docs/sections";
import { messageOf, UserError } from "../../tools/lib/errors";
import { root } from "../../tools/lib/paths";
import { say } from "../../tools/lib/progress";
import { manifestsOf, pathOf, write } from "../../tools/render/render";
import { missed, ofOurOwn, policyOf, unshared } from "./checks";
import { scanners, type Finding, type Scanner } from "./scanners";

const charts = join(root, "tests/policy/charts");
const page = "docs/policies-compared.md";

/** Numbers of policies that are violated, with how many objects violate each. */
type Counts = ReadonlyMap<number, number>;

async function main(): Promise<void> {
  const all = await scanners();
  const versions = all.map(({ name, version }) => `${name} ${version}`).join(", ");
  const sections = await Promise.all(readdirSync(charts).sort().map((file) => ofChart(join(charts, file), all))); // prettier-ignore
  let text = readFileSync(join(root, page), "utf8");
  text = withSection(
    text,
    "versions",
    `Compared: ${versions}, each with all of its checks of Kubernetes manifests switched on, and our check of rendered manifests, for production on kubernetes.`,
  );
  text = withSection(text, "charts", sections.join("\n\n"));
  text = withSection(text, "own", await ofProduction(all));
  writeFileSync(join(root, page), text);
  say(`written: ${page}`);
}

async function ofChart(file: string, all: readonly Scanner[]): Promise<string> {
  const ours = ourCounts(file);
  const found = await Promise.all(all.map(async (scanner) => ({ scanner, findings: await scanner.scan([file]) })));
  const theirs = found.map(({ scanner, findings }) => counts(scanner, findings));
  const numbers = policies.map(({ number }) => number).filter((number) => [ours, ...theirs].some((one) => one.has(number)));
  const cell = (count: number | undefined) => (count === undefined ? "–" : String(count));
  const rows = numbers.map((number) => [policyLink(number), cell(ours.get(number)), ...theirs.map((one) => cell(one.get(number)))]);
  const others = found.flatMap(({ scanner, findings }) => unsharedOf(scanner, findings));
  return `### ${basename(file, ".yaml")}

Objects with a finding, by policy; –: none.

${table(["policy", "ours", ...all.map(({ name }) => name)], rows)}

Found by ours alone: ${only(numbers, ours, theirs)}. Found by a scanner, not by ours: ${notOurs(numbers, ours, theirs)}.
${others.length === 0 ? "" : `\nWhat none of our policies is about:\n\n${others.join("\n")}`}`;
}

function ourCounts(file: string): Counts {
  const objects = parseAllDocuments(readFileSync(file, "utf8")).flatMap((document, i) => kubeObject(plain(document.toJS()), { id: `${file}#${i}` }) ?? []);
  const results = evaluate(policies, new Stack(objects), { settings: { ...defaultSettings, environment: "production", platform: "kubernetes" } });
  const wrong = results.filter(({ outcome }) => outcome === "violated");
  return countsOf(wrong.map(({ policy, object }) => [policy.number, object.title] as const));
}

function counts({ name }: Scanner, findings: readonly Finding[]): Counts {
  return countsOf(findings.flatMap(({ check, object }) => (policyOf[name][check] === undefined ? [] : [[policyOf[name][check], object] as const])));
}

function countsOf(pairs: readonly (readonly [number, string])[]): Counts {
  const objects = Map.groupBy(pairs, ([number]) => number);
  return new Map([...objects].map(([number, own]) => [number, new Set(own.map(([, object]) => object)).size]));
}

function only(numbers: readonly number[], ours: Counts, theirs: readonly Counts[]): string {
  return numbers.filter((number) => ours.has(number) && theirs.every((one) => !one.has(number))).map(policyLink).join(", ") || "nothing"; // prettier-ignore
}

function notOurs(numbers: readonly number[], ours: Counts, theirs: readonly Counts[]): string {
  return numbers.filter((number) => !ours.has(number) && theirs.some((one) => one.has(number))).map(missedLine).join(", ") || "nothing"; // prettier-ignore
}

/** @throws UserError for a policy of which nothing is said yet */
function missedLine(number: number): string {
  const said = missed[number];
  if (said === undefined) throw new UserError(`a scanner finds what policy ${number} does not`, { fix: "say why in tests/scanners/checks.ts, or mend the policy" }); // prettier-ignore
  return `${policyLink(number)} (${said})`;
}

function policyLink(number: number): string {
  const policy = policies.find((one) => one.number === number);
  return policy === undefined ? String(number) : `[${number} ${policy.name}](policies/${policy.name}.md)`;
}

/** Lines on checks that no policy of ours has. @throws UserError for one of which nothing is said yet */
function unsharedOf({ name }: Scanner, findings: readonly Finding[]): readonly string[] {
  const byCheck = Map.groupBy(findings.filter(({ check }) => policyOf[name][check] === undefined), ({ check }) => check); // prettier-ignore
  return [...byCheck]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([check, own]) => {
      // prettier-ignore
      const said = unshared[check];
      if (said === undefined)
        throw new UserError(`${name} has a check that we know nothing of: ${check} (${own[0]?.title ?? ""})`, {
          fix: "say in tests/scanners/checks.ts which policy it is about, or why none",
        });
      return `- ${name} \`${check}\` (${own[0]?.title ?? ""}), ${own.length}: ${said}.`;
    });
}

/**
 * What the scanners find in production as `make render` writes it, on both platforms.
 * @throws UserError for a finding on which nothing is said, and for what is said of none
 */
async function ofProduction(all: readonly Scanner[]): Promise<string> {
  const parts: string[] = [
    "Findings on which nothing is said: none. A new one fails `make compare-scanners`, and so does a reason that is not needed any more.",
  ];
  const used = new Set<string>();
  for (const platform of ["kubernetes", "openshift"] as const) {
    const dir = mkdtempSync(join(tmpdir(), "oap-scan-"));
    try {
      const manifests = await manifestsOf("production", renderConfiguration("production", platform));
      write(manifests, dir);
      const files = manifests.map((manifest) => join(dir, pathOf(manifest)));
      for (const scanner of all) {
        const byCheck = Map.groupBy(await scanner.scan(files), ({ check }) => check);
        for (const check of byCheck.keys()) used.add(check);
        const rows = [...byCheck].sort(([a], [b]) => (a < b ? -1 : 1)).map(([check, own]) => judged(scanner, check, own)); // prettier-ignore
        parts.push(`**${platform}, ${scanner.name}**:${rows.length === 0 ? " nothing." : `\n\n${table(["check", "objects", "holds", "because"], rows)}`}`);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  }
  const unused = Object.keys(ofOurOwn).filter((check) => !used.has(check));
  if (unused.length > 0) throw new UserError(`nothing is found any more by ${unused.join(", ")}`, { fix: "take what is said of it out of tests/scanners/checks.ts" }); // prettier-ignore
  return parts.join("\n\n");
}

/** A row about one check's findings. @throws UserError for a check on which nothing is said yet */
function judged({ name }: Scanner, check: string, findings: readonly Finding[]): readonly string[] {
  const said = ofOurOwn[check];
  const title = findings[0]?.title.replace(/\. .*$|\.$/, "") ?? "";
  if (said === undefined)
    throw new UserError(`${name} finds something in our production that nothing is said of: ${check} (${title})`, {
      fix: "mend it, or say in tests/scanners/checks.ts why it does not hold",
    });
  return [`\`${check}\`: ${title}`, String(new Set(findings.map(({ object }) => object)).size), said.holds ? "yes" : "no", said.why];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

void main().catch((error: unknown) => {
  process.stderr.write(`error: ${messageOf(error)}\n${error instanceof UserError && error.fix !== undefined ? `fix: ${error.fix}\n` : ""}`);
  process.exitCode = 1;
});
