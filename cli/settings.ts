/**
 * Where a command acts: option, else environment (AICTL_…), else the stack's configuration, else a default. In this one place. The current context of whoever
 * runs it is never used.
 */
import { delimiter, resolve } from "node:path";
import { namespaceOf } from "../stacks/projects";
import type { StackConfig } from "../stacks/schema";
import { usage } from "./errors";
import { readStack, type StackFile } from "./stack/file";
import type { Deps, Target } from "./types";

/** Options that every command takes, as they were given. */
export interface GlobalOptions {
  readonly stack?: string;
  readonly configFile?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly output?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly timeout?: string;
  readonly yes?: string;
}

export interface Settings {
  /** The stack, where one is named. */
  readonly stack: string | undefined;
  /** Its configuration file, read and checked; undefined where no stack is named. */
  readonly file: StackFile | undefined;
  /** undefined: none was named */
  readonly target: Target | undefined;
  /** Project of the pools; undefined: none was named */
  readonly namespace: string | undefined;
  readonly output: "table" | "json";
  readonly dryRun: boolean;
  readonly wait: boolean;
  readonly timeoutMs: number;
  /** Name that was given with --yes. */
  readonly yes: string | undefined;
}

/** @throws UserError for a wrong value, a configuration that can't be read, and all that is wrong with it */
export function settingsOf(options: GlobalOptions, deps: Pick<Deps, "env" | "files" | "cwd">): Settings {
  const { env } = deps;
  const pick = (option: string | undefined, variable: string) => option ?? (env[variable] === "" ? undefined : env[variable]);
  const stack = pick(options.stack, "AICTL_STACK");
  const givenFile = pick(options.configFile, "AICTL_CONFIG_FILE");
  const configFile = givenFile === undefined ? undefined : resolve(deps.cwd, givenFile);
  if (configFile !== undefined && stack === undefined) throw usage(`--config-file ${configFile}: of which stack?`, "name it too: --stack NAME");
  const file = stack === undefined ? undefined : readStack(stack, configFile ?? `Pulumi.${stack}.yaml`, deps.files);
  const cluster = file?.config.cluster;
  const given = pick(options.context, "AICTL_CONTEXT");
  const context = given ?? cluster?.context;
  const named = pick(options.kubeconfig, "AICTL_KUBECONFIG");
  const kubeconfig = from(deps.cwd, named) ?? cluster?.kubeconfig ?? from(deps.cwd, pick(undefined, "KUBECONFIG"));
  const output = pick(options.output, "AICTL_OUTPUT") ?? "table";
  if (output !== "table" && output !== "json") throw usage(`-o ${output}: no such output`, "-o table, or -o json");
  return {
    stack,
    file,
    target: context === undefined ? undefined : { context, kubeconfig },
    namespace: pick(options.namespace, "AICTL_NAMESPACE") ?? (file && platformNamespace(file.config)),
    output,
    dryRun: options.dryRun ?? false,
    wait: options.wait ?? true,
    timeoutMs: durationOf(pick(options.timeout, "AICTL_TIMEOUT") ?? "15m"),
    yes: options.yes,
  };
}

/** Paths that somebody gave, from where they stand; several as in $KUBECONFIG. */
function from(cwd: string, paths: string | undefined): string | undefined {
  return paths
    ?.split(delimiter)
    .map((path) => (path === "" || path.startsWith("~") ? path : resolve(cwd, path)))
    .join(delimiter);
}

export function platformNamespace(config: Pick<StackConfig, "environment">): string {
  return namespaceOf(config.environment, "platform");
}

const units = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `90s`, `15m`, `1h`, `120` (seconds) → milliseconds. @throws UserError */
export function durationOf(text: string): number {
  const [, amount, unit = "s"] = /^(\d+)([smh])?$/.exec(text) ?? [];
  if (amount === undefined || Number(amount) === 0) throw usage(`--timeout ${text}: no duration`, "seconds, or a number with s, m or h, such as 90s or 15m");
  return Number(amount) * units[unit as keyof typeof units];
}

/** @throws UserError where no cluster was named */
export function targetOf({ target }: Settings): Target {
  if (target) return target;
  throw usage(
    "no cluster is named, and the current context is never used",
    "name the stack (--stack production) or the context (--context NAME, or AICTL_CONTEXT)",
  );
}

/** @throws UserError where none was named */
export function namespaceIn({ namespace }: Settings): string {
  if (namespace !== undefined) return namespace;
  throw usage("no namespace is named", "name the stack (--stack production) or the namespace of the pools (--namespace ai-production)");
}

/** @throws UserError where no stack was named */
export function fileIn({ file }: Settings): StackFile {
  if (file) return file;
  throw usage("this needs the stack's configuration", "name the stack: --stack production, or AICTL_STACK");
}
