/** Writes what of docs/scaling.md and its ADR is made: bursty days against autoscalers, and the adapter's rules. `--check`: says what would change, and changes nothing. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { adapterRules } from "../../stacks/scaling/metrics";
import { withSection } from "../../tools/docs/sections";
import { root } from "../../tools/lib/paths";
import { say } from "../../tools/lib/progress";
import { alternatives } from "./scaling/alternatives";
import { compare, days, productionPool, table } from "./scaling/compare";
import { policies } from "./scaling/policies";

/** File → its made parts. */
function made(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const loads = [60, 180].flatMap((loadSeconds) =>
    compare([policies.guideBehavior, policies.ours], days(), { ...productionPool, loadSeconds }).map((result) => ({
      ...result,
      name: `${result.name.replaceAll("*", "")}, ${loadSeconds} s to load`,
    })),
  );
  return {
    "docs/scaling.md": {
      scaling: table(compare(Object.values(policies), days(), productionPool)),
      "scaling-load-times": table(loads),
      "adapter-rules": `\`\`\`yaml\n${stringify(adapterRules()).trim()}\n\`\`\``,
    },
    "docs/adr/0007-scale-up-at-once-on-requests.md": { behaviours: table(compare(alternatives, days(), productionPool)) },
  };
}

function main(check: boolean): void {
  for (const [path, sections] of Object.entries(made())) {
    const file = join(root, path);
    const before = readFileSync(file, "utf8");
    const after = Object.entries(sections).reduce((text, [name, content]) => withSection(text, name, content), before);
    if (!check) {
      writeFileSync(file, after);
      say(`${path}\n\n${Object.values(sections).join("\n\n")}\n`);
    } else if (after !== before) {
      process.stderr.write(`${path}: not as the simulation has it\nfix: node --import tsx tests/bench/scaling.ts\n`);
      process.exitCode = 1;
    }
  }
}

main(process.argv.includes("--check"));
