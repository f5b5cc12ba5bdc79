import type { StackConfig } from "../../../stacks/schema";
import { ApiError, type Api } from "../api";
import type { ResourceList } from "../objects";
import { ok, problem, skipped, warning, type Check, type Finding } from "../types";
import { served, type Capability, type Kind } from "./served";

export const capabilities: Check = {
  id: "capabilities",
  title: "capabilities",
  async run(api, { config }) {
    const findings = Object.entries(config.cluster.capabilities).map(([name, value]) => {
      if (typeof value === "boolean") return flag(api, config.platform, name, value);
      return choice(api, config.platform, name, value);
    });
    return (await Promise.all(findings)).flat();
  },
};

/** Whether a configuration claims a capability. @param name as in `served`: `monitoring`, `builds: tekton` */
export function claims(config: StackConfig, name: keyof typeof served): boolean {
  const [field = "", choice] = name.split(": ");
  const value = (config.cluster.capabilities as Readonly<Record<string, boolean | string>>)[field];
  return choice === undefined ? value === true : value === choice;
}

type Platform = StackConfig["platform"];

async function flag(api: Api, platform: Platform, name: string, claimed: boolean): Promise<Finding[]> {
  const capability = served[name];
  if (!capability) return [unknown(name)];
  const there = await isServed(api, capability);
  if (claimed) return [claimedFinding(name, capability, there, `cluster.capabilities.${name} is true`, `set cluster.capabilities.${name} to false`, platform)];
  if (there !== undefined) return [skipped(`${name}: not claimed, not there`)];
  return [warning(`${name}: there, and not claimed`, `cluster.capabilities.${name}: true, to use it`, `set it to true; nothing breaks without`)];
}

/** One of several ways to the same, or none. Where one is claimed the others are nobody's concern. */
async function choice(api: Api, platform: Platform, name: string, value: string): Promise<Finding[]> {
  const field = `cluster.capabilities.${name}`;
  if (value !== "none") {
    const key = `${name}: ${value}`;
    const capability = served[key];
    if (!capability) return [unknown(key)];
    return [claimedFinding(key, capability, await isServed(api, capability), `${field} is ${value}`, `set ${field} to none`, platform)];
  }
  const ways = Object.entries(served).filter(([key]) => key.startsWith(`${name}: `));
  const missing = await Promise.all(ways.map(([, capability]) => isServed(api, capability)));
  const there = ways.filter((_, i) => missing[i] === undefined).map(([key]) => key.slice(name.length + 2));
  if (there.length === 0) return [skipped(`${name}: not claimed, not there`)];
  const allowed = there.join(" or ");
  return [warning(`${name}: ${allowed} is there, and not claimed`, `${field}: ${allowed}, to use it`, `set it to ${allowed}; nothing breaks without`)];
}

function unknown(name: string): Finding {
  return warning(`${name}: no check knows how it shows`, "a check for each capability", "add it to tools/doctor/checks/served.ts");
}

function claimedFinding(name: string, { kinds, install }: Capability, missing: string | undefined, since: string, off: string, platform: Platform): Finding {
  if (missing === undefined) return ok(`${name}: ${kinds.map(said).join(", ")}`);
  return problem(`${name}: claimed, and ${missing}`, `${kinds.map(said).join(", ")}, since ${since}`, `${install[platform]}; or ${off}`);
}

/** What of a capability is not there, in words; undefined: all of it is. */
async function isServed(api: Api, { kinds }: Capability): Promise<string | undefined> {
  for (const kind of kinds) {
    const missing = await missingOf(api, kind);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

async function missingOf(api: Api, { api: group, resource }: Kind): Promise<string | undefined> {
  try {
    const list = await api.get<ResourceList>(`/apis/${group}`);
    const there = resource === undefined ? list !== undefined : (list?.resources.some(({ name }) => name === resource) ?? false);
    return there ? undefined : `the cluster serves no ${said({ api: group, resource })}`;
  } catch (error) {
    // An aggregated API whose server is away: 503.
    if (error instanceof ApiError && error.status >= 500) return `${group} does not answer: ${error.message}`;
    throw error;
  }
}

function said({ api, resource }: Kind): string {
  return resource === undefined ? api : `${resource} of ${api}`;
}
