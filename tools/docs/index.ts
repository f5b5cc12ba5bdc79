/** `make docs`: writes what of docs/ is made from the program. `--check`: says which files are not as they would be written, and changes nothing. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connections } from "../../stacks/connections";
import { loadConfig } from "../../stacks/load";
import type { StackConfig } from "../../stacks/schema";
import { readImagesLock } from "../../stacks/images";
import { renderConfiguration } from "../commands/render";
import { root } from "../lib/paths";
import { say } from "../lib/progress";
import { entriesOf } from "../stack/workspace";
import { accessDocs } from "./access";
import { architectureDocs, componentTree } from "./architecture";
import { configurationDocs } from "./configuration";
import { networkingDocs } from "./networking";
import { policyDocs } from "./policies";
import { sizingDocs } from "./sizing";

const stacks = ["dev", "staging", "production"] as const;

async function made(): Promise<Readonly<Record<string, string>>> {
  const images = Object.keys(readImagesLock());
  const configs = Object.fromEntries(
    stacks.map((stack) => [stack, loadConfig(entriesOf(renderConfiguration(stack)), `Pulumi.${stack}.yaml`, images)]),
  ) as Record<(typeof stacks)[number], StackConfig>;
  const tree = await componentTree("production", entriesOf(renderConfiguration("production")));
  return {
    ...configurationDocs(),
    "docs/access.md": accessDocs(),
    ...networkingDocs(configs),
    "docs/sizing.md": sizingDocs(),
    ...policyDocs(),
    ...architectureDocs(tree, connections(configs.production)),
  };
}

async function main(check: boolean): Promise<void> {
  const stale = Object.entries(await made()).filter(([path, content]) => !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== content);
  if (!check) {
    for (const [path, content] of stale) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    say(stale.length === 0 ? "docs are up to date" : `written: ${stale.map(([path]) => path).join(", ")}`);
  } else if (stale.length > 0) {
    process.stderr.write(`not as the program makes them: ${stale.map(([path]) => path).join(", ")}\nfix: make docs\n`);
    process.exitCode = 1;
  }
}

void main(process.argv.includes("--check"));
