/** The commands and their options, as commander knows them; each hands its arguments to a typed function. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { completionScript, shells } from "./completion";
import { doctor } from "./doctor";
import { usage } from "./errors";
import { audit } from "./gateway/audit";
import { listBudgets, removeBudget, setBudget, type BudgetOptions, type Scope } from "./gateway/budgets";
import { clients, connect, type ConnectOptions } from "./gateway/connect";
import { createKey, listKeys, revokeKey, rotateKey, type CreateOptions, type ListOptions } from "./gateway/keys";
import { usageReport, type UsageOptions } from "./gateway/usage";
import { gpu } from "./gpu/show";
import { troubleshootGpu } from "./gpu/troubleshoot";
import { add, remove, type AddOptions } from "./models/edit";
import { listModels } from "./models/list";
import { bench, testModel, type BenchOptions } from "./models/test";
import { pools } from "./pools";
import { releaseHold } from "./rollout/hold";
import { abort, promote } from "./rollout/promote";
import { history, status } from "./rollout/show";
import { undo, validate, type UndoOptions } from "./rollout/undo";
import type { GlobalOptions } from "./settings";
import { tune } from "./tune/tune";
import type { Result, Run } from "./types";

/** Runs a command with what its global options say. */
export type Perform = (options: GlobalOptions, command: (run: Run) => Promise<Result>) => Promise<void>;

export interface Output {
  readonly out: (text: string) => void;
  readonly note: (text: string) => void;
}

export function programOf(perform: Perform, output: Output): Command {
  const program = new Command("aictl");
  configure(program, output);
  program
    .description("Operations of the OpenShift AI Platform: rollouts, models, GPUs, keys and budgets. docs/aictl.md has an example of each command.")
    .option("--stack <name>", "stack whose Pulumi.<stack>.yaml names the cluster (AICTL_STACK)")
    .option("--config-file <path>", "another file than Pulumi.<stack>.yaml (AICTL_CONFIG_FILE)")
    .option("--context <name>", "context of the kubeconfig; the current one is never used (AICTL_CONTEXT)")
    .option("--kubeconfig <path>", "kubeconfig (AICTL_KUBECONFIG)")
    .option("-n, --namespace <name>", "project of the pools (AICTL_NAMESPACE; default: that of the stack)")
    .option("-o, --output <form>", "table or json (AICTL_OUTPUT; default: table)")
    .option("--dry-run", "show what would be done; the server checks it, and keeps nothing")
    .option("--no-wait", "do not wait for what a change brings about")
    .option("--timeout <duration>", "longest wait, such as 90s or 15m (AICTL_TIMEOUT; default: 15m)")
    .option("--yes <name>", "confirm a change of production, by the stack's name");

  const act = (command: (run: Run) => Promise<Result>, of: Command) => perform(of.optsWithGlobals(), command);
  rollout(group(program, "rollout", "versions of a pool: where they stand, to users, back"), act);

  const hold = group(program, "hold", "holds that keep a version");
  leaf(
    hold,
    "release <pool>",
    "take a hold out of the configuration, so that the next up makes what it says",
    "aictl --stack production hold release ollama --commit",
  )
    .option("--commit", "commit it on a branch of its own")
    .action((pool: string, options: { commit?: boolean }, of: Command) => act((run) => releaseHold(run, pool, options), of));

  models(group(program, "models", "models: list, add, test, remove, bench"), act);

  gateway(program, act);

  leaf(program, "pools", "one line for each pool: replicas, queue, revision, hold", "aictl --stack production pools")
    .alias("status")
    .action((_: object, of: Command) => act(pools, of));
  leaf(program, "gpu", "GPUs of the nodes, and who holds them", "aictl --stack production gpu -o json").action((_: object, of: Command) => act(gpu, of));
  leaf(
    program,
    "tune [pool]",
    "advice from measured use, each with its number",
    "aictl --stack production tune ollama --prometheus https://prometheus.example.com",
  )
    .option("--prometheus <url>", "address of a Prometheus; its token is AICTL_PROMETHEUS_TOKEN; default: the configured one, through the API server")
    .action((pool: string | undefined, options: { prometheus?: string }, of: Command) => act((run) => tune(run, pool, options), of));

  const troubleshoot = group(program, "troubleshoot", "what is wrong, why, and what to do");
  leaf(troubleshoot, "gpu", "nodes, allocation, pods without a node and why, device plugin, sharing", "aictl --stack production troubleshoot gpu").action(
    (_: object, of: Command) => act(troubleshootGpu, of),
  );
  leaf(program, "doctor", "what the cluster lacks for the stack", "aictl --stack production doctor").action((_: object, of: Command) => act(doctor, of));
  leaf(program, "completion <shell>", `completion for ${shells.join(", ")}`, "source <(aictl completion bash)").action((shell: string) => {
    const script = completionScript(program, shell);
    if (script === undefined) throw usage(`${shell}: no completion for it`, `one of ${shells.join(", ")}`);
    output.out(script);
  });
  return program;
}

type Act = (command: (run: Run) => Promise<Result>, of: Command) => Promise<void>;

function rollout(of: Command, act: Act): void {
  leaf(of, "status <pool>", "where the newest version stands, and why", "aictl --stack production rollout status ollama --wait")
    .option("--wait", "until it serves, waits to be promoted, or was given up")
    .action((pool: string, _: object, command: Command) => act((run) => status(run, pool, command.opts<{ wait?: boolean }>().wait === true), command));
  leaf(of, "history <pool>", "the versions that can be gone back to", "aictl --stack production rollout history ollama").action(
    (pool: string, _: object, command: Command) => act((run) => history(run, pool), command),
  );
  leaf(of, "promote <pool>", "take a new version to users", "aictl --stack production rollout promote ollama --yes production")
    .option("--full", "without what is left of the analysis")
    .action((pool: string, options: { full?: boolean }, command: Command) => act((run) => promote(run, pool, options), command));
  leaf(of, "abort <pool>", "give a new version up; the old one serves on", "aictl --stack production rollout abort ollama").action(
    (pool: string, _: object, command: Command) => act((run) => abort(run, pool), command),
  );
  leaf(of, "validate <pool>", "whether a version can be gone back to; changes nothing", "aictl --stack production rollout validate ollama --to-revision 3")
    .option("--to-revision <n>", "revision; default: the newest before it that served", positive)
    .action((pool: string, options: { toRevision?: number }, command: Command) => act((run) => validate(run, pool, options.toRevision), command));
  leaf(
    of,
    "undo <pool>",
    "back to an earlier version, and keep it there",
    'aictl --stack production rollout undo ollama --to-revision 3 --reason "answers got worse" --commit',
  )
    .option("--to-revision <n>", "revision; default: the newest before it that served", positive)
    .option(
      "--config <what>",
      "what is written: hold (keeps the pods as they are), restore (that version's own configuration)",
      choice("hold", "restore"),
      "hold",
    )
    .option("--no-config", "write nothing: the next up undoes it")
    .option("--reason <text>", "why, for who finds the hold")
    .option("--commit", "commit what is written on a branch of its own")
    .option("--with-analysis", "measure the old version again before it gets users")
    .option("--force", "go on although a check says that it can't work")
    .action((pool: string, { config, ...options }: Omit<UndoOptions, "config"> & { config: "hold" | "restore" | false }, command: Command) =>
      act((run) => undo(run, pool, { ...options, config: config === false ? "none" : config }), command),
    );
}

function models(of: Command, act: Act): void {
  leaf(of, "list", "what is configured, and in whose memory it is", "aictl --stack production models list").action((_: object, command: Command) =>
    act(listModels, command),
  );
  leaf(
    of,
    "add <model>",
    "write a model into the configuration; pulumi up loads it",
    "aictl --stack dev models add codellama:7b-v1.0-code --from codellama:7b-code --digest sha256:… --pool ollama",
  )
    .option("--from <name>", "name in Ollama's registry or a mirror; with --digest")
    .option("--digest <sha256>", "digest of its manifest")
    .option("--image <name>", "name in images.lock; with --path")
    .option("--path <path>", "folder in that image")
    .option("--licence <name>", "licence of the weights")
    .option("--load-minutes <n>", "minutes that loading may take", positive)
    .option("--pool <name...>", "pools that serve it")
    .option("--commit", "commit it on a branch of its own")
    .action((model: string, options: AddOptions, command: Command) => act((run) => add(run, model, options), command));
  leaf(
    of,
    "remove <model>",
    "take a model out of the configuration; refused while a pool or team uses it",
    "aictl --stack dev models remove codellama:7b-v1.0-code",
  )
    .option("--commit", "commit it on a branch of its own")
    .action((model: string, options: { commit?: boolean }, command: Command) => act((run) => remove(run, model, options), command));
  asking(
    leaf(
      of,
      "test <model>",
      "ask it once, the way users do: first token, tokens per second",
      'aictl --stack dev models test tiny:0.1m-v1.0-random --prompt "hello"',
    ),
  ).action((model: string, options: { pool?: string; prompt: string; maxTokens: number }, command: Command) =>
    act((run) => testModel(run, model, options), command),
  );
  asking(leaf(of, "bench <model>", "ask it from several clients for a while", "aictl --stack dev models bench tiny:0.1m-v1.0-random --clients 8 --seconds 30"))
    .option("--clients <n>", "clients at the same time, at most 64", positive, 4)
    .option("--seconds <n>", "seconds, at most 600", positive, 30)
    .action((model: string, options: BenchOptions, command: Command) => act((run) => bench(run, model, options), command));
}

function gateway(program: Command, act: Act): void {
  const keys = group(program, "keys", "keys of the authenticated API: list, create, rotate, revoke");
  leaf(keys, "list", "whose keys there are, and what they may", "aictl --stack production keys list --team ml")
    .option("--user <name>", "of one person")
    .option("--team <name>", "of one team")
    .option("--all", "also those that work no more")
    .action((options: ListOptions, of: Command) => act((run) => listKeys(run, options), of));
  limited(
    leaf(
      keys,
      "create <name>",
      "make a key; it is shown once",
      "aictl --stack production keys create laptop --user alice --team ml --expires 90d --yes production",
    )
      .requiredOption("--user <name>", "whose it is: budgets and usage go by it")
      .requiredOption("--team <name>", "team that it belongs to")
      .option("--model <name...>", "the only models that it may ask; default: those of the team")
      .option("--expires <when>", "such as 90d, or a day like 2027-01-31; default: never")
      .option("--requests-per-minute <n>", "default: limits of the gateway", positive)
      .option("--tokens-per-minute <n>", "default: limits of the gateway", positive)
      .option("--sees <whose>", "usage that it may read: own, team or all", choice("own", "team", "all"), "own"),
  ).action((name: string, options: CreateOptions, of: Command) => act((run) => createKey(run, name, options), of));
  leaf(keys, "rotate <id>", "another secret for a key; it is shown once", "aictl --stack production keys rotate k3j9x0ab --grace 1d --yes production")
    .option("--grace <duration>", "how long the old secret works, such as 1h or 1d", "0s")
    .action((id: string, options: { grace: string }, of: Command) => act((run) => rotateKey(run, id, options.grace), of));
  leaf(keys, "revoke <id>", "end a key at once", "aictl --stack production keys revoke k3j9x0ab --yes production").action(
    (id: string, _: object, of: Command) => act((run) => revokeKey(run, id), of),
  );

  const budgets = group(program, "budgets", "budgets of the authenticated API: list, set, remove; without an up");
  leaf(budgets, "list", "what there is, what is spent and left, and when it renews", "aictl --stack production budgets list").action((_: object, of: Command) =>
    act(listBudgets, of),
  );
  const scoped = (command: Command) => command.addHelpText("after", "\nScope: key, user or team; of an application, key app-NAME.");
  scoped(
    limited(
      leaf(budgets, "set <scope> <name>", "in place of the configured one, or beside it", "aictl --stack production budgets set team ml --budget-cost 500"),
    ),
  ).action((scope: string, name: string, options: BudgetOptions, of: Command) => act((run) => setBudget(run, scope as Scope, name, options), of));
  scoped(leaf(budgets, "remove <scope> <name>", "so that the configured one holds again", "aictl --stack production budgets remove team ml --period month"))
    .option("--period <period>", "day or month", choice("day", "month"), "month")
    .action((scope: string, name: string, options: { period: "day" | "month" }, of: Command) =>
      act((run) => removeBudget(run, scope as Scope, name, options.period), of),
    );

  leaf(
    program,
    "connect <client>",
    `configuration for ${clients.join(", ")}, without a key`,
    "aictl --stack production connect continue --team ml > ~/.continue/config.yaml",
  )
    .option("--url <address>", "of the gateway, such as https://api.ai.example.com; default: gateway.host, else a forwarded port")
    .option("--team <name>", "with the models of this team only")
    .option("--tools", "say that the models call tools")
    .action((client: string, options: ConnectOptions, of: Command) => act((run) => connect(run, client, options), of));

  leaf(program, "usage", "who used how much: requests, tokens, GPU seconds, cost", "aictl --stack production usage --from 2026-01-01 --by team,model --csv")
    .option("--from <time>", "a day or a time, UTC; default: the first of this month")
    .option("--to <time>", "until before it; default: now")
    .option("--by <columns>", "any of user, team, model, key, day, with commas between", "team,user,model")
    .option("--csv", "as CSV, for a spreadsheet")
    .action((options: UsageOptions, of: Command) => act((run) => usageReport(run, options), of));
  leaf(program, "audit", "who changed keys and budgets, and what", "aictl --stack production audit --from 2026-01-01")
    .option("--from <time>", "a day or a time, UTC")
    .option("--limit <n>", "newest changes, at most 1000", positive, 100)
    .action((options: { from?: string; limit: number }, of: Command) => act((run) => audit(run, options), of));
}

/** What a budget bounds. */
function limited(command: Command): Command {
  return command
    .option("--budget-tokens <n>", "tokens of a period, of prompts and answers together", positive)
    .option("--budget-cost <amount>", "money of a period, in the gateway's currency", amount)
    .option("--period <period>", "day or month, in UTC", choice("day", "month"), "month");
}

function asking(command: Command): Command {
  return command
    .option("--pool <name>", "pool that is asked; default: the first that serves it")
    .option("--prompt <text>", "what is asked", "Write a function that adds two numbers.")
    .option("--max-tokens <n>", "tokens of the longest answer", positive, 64);
}

function group(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  // Else a name that is none of its commands would only print the help.
  return command.action(() => command.help({ error: true })).allowExcessArguments(false);
}

function leaf(parent: Command, form: string, description: string, example: string): Command {
  return parent.command(form).description(description).addHelpText("after", `\nExample:\n  ${example}`);
}

function configure(program: Command, { out, note }: Output): void {
  program.exitOverride().showHelpAfterError("(--help shows what there is)").showSuggestionAfterError().configureOutput({ writeOut: out, writeErr: note });
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("A whole number above 0.");
  return value;
}

function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError("An amount, not below 0.");
  return value;
}

function choice(...allowed: readonly string[]) {
  return (text: string) => {
    if (!allowed.includes(text)) throw new InvalidArgumentError(`One of ${allowed.join(", ")}.`);
    return text;
  };
}

export { CommanderError };
