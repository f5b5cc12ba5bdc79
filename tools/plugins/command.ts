/** Stand-in of the command provider: `local.Command` and `local.run`. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Engine } from "./lib/server";
import { nameOfUrn, serveProvider, shallowDiff, type Provider } from "./lib/provider";
import { asText, at, hasSecret, isList, isMap, makeSecret, plainMap, textAt, UNKNOWN, type ValueMap } from "./lib/values";

const LOCAL = "command:local:Command";
let engine = new Engine(undefined);
/** Set when the engine was told to stop: nothing new is started then. */
let cancelled = false;
const running = new Set<ChildProcess>();

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

function refuse(type: string): void {
  if (type === LOCAL) return;
  throw new Error(
    `${type} is not in the stand-in of the command plugin, which runs commands on this machine only (command:local:Command); install the official plugin to use it`,
  );
}

/**
 * Runs `command` with the inputs' interpreter, directory, environment and stdin.
 * @param previous output of the last run, handed on as PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR
 */
async function execute(urn: string, phase: "create" | "update" | "delete" | "command", marked: ValueMap, previous: Partial<Output>): Promise<Output> {
  if (cancelled) throw new Error("cancelled");
  const secret = hasSecret(marked); // what the command prints may then repeat it: neither logged nor put into an error
  const inputs = plainMap(marked);
  const command = textAt(inputs, phase) ?? "";
  const [program, ...args] = isList(inputs.interpreter) && inputs.interpreter.length > 0 ? inputs.interpreter.map(asText) : ["/bin/sh", "-c"];
  const environment = isMap(inputs.environment) ? Object.fromEntries(Object.entries(inputs.environment).map(([key, value]) => [key, asText(value)])) : {};
  const handOn =
    inputs.addPreviousOutputInEnv === false
      ? {}
      : { ...(previous.stdout ? { PULUMI_COMMAND_STDOUT: previous.stdout } : {}), ...(previous.stderr ? { PULUMI_COMMAND_STDERR: previous.stderr } : {}) };
  const dir = textAt(inputs, "dir");
  const own = { ...process.env };
  for (const key of ["NODE_COMPILE_CACHE", "NODE_OPTIONS", "OAP_PLUGIN_VERSION"]) delete own[key]; // set by our launcher
  const child = spawn(program ?? "/bin/sh", [...args, command], {
    ...(dir ? { cwd: dir } : {}),
    env: { ...own, ...environment, ...handOn },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true, // a group of its own, so that what the shell started can be stopped with it
  });
  running.add(child);
  const logging = textAt(inputs, "logging") ?? "stdoutAndStderr";
  const text = { stdout: "", stderr: "", both: "" };
  for (const name of ["stdout", "stderr"] as const) {
    const logged = !secret && (logging === name || logging === "stdoutAndStderr");
    let rest = "";
    child[name].setEncoding("utf8").on("data", (data: string) => {
      text[name] += data;
      text.both += data;
      const lines = (rest + data).split("\n");
      rest = lines.pop() ?? "";
      if (logged && urn) for (const line of lines) engine.info(urn, line);
    });
    child[name].on("end", () => rest && logged && urn && engine.info(urn, rest));
  }
  child.stdin.on("error", () => undefined); // the command may end without reading
  child.stdin.end(textAt(inputs, "stdin"));
  const code = await new Promise<string | number>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`${program}${dir ? ` in ${dir}` : ""}: ${error.code === "ENOENT" ? "no such program or directory" : error.message}`)),
    );
    child.once("close", (status, signal) => resolve(status ?? signal ?? "killed"));
  }).finally(() => running.delete(child));
  if (code !== 0) {
    const why = cancelled ? "interrupted" : typeof code === "number" ? `exit status ${code}` : code;
    throw new Error(`${why}: running the ${phase} command${secret ? " (its output is not shown: an input is secret)" : `:\n${text.both}`}`);
  }
  return { stdout: text.stdout.replace(/\n$/, ""), stderr: text.stderr.replace(/\n$/, "") };
}

/** Every output depends on every input: one secret input makes both secret. */
function stateOf(inputs: ValueMap, output: ValueMap): ValueMap {
  const secret = hasSecret(inputs);
  return { ...inputs, ...Object.fromEntries(Object.entries(output).map(([key, value]) => [key, secret && value !== UNKNOWN ? makeSecret(value) : value])) };
}

const inputsOf = ({ stdout: _stdout, stderr: _stderr, ...inputs }: ValueMap): ValueMap => inputs;
const previousOf = (state: ValueMap): Output => {
  const { stdout, stderr } = plainMap(state);
  return { stdout: typeof stdout === "string" ? stdout : "", stderr: typeof stderr === "string" ? stderr : "" };
};

const provider: Provider = {
  version: process.env.OAP_PLUGIN_VERSION ?? "0.0.0",
  configure(_config, given) {
    engine = given;
  },
  check({ type, news }) {
    refuse(type);
    const failures = ["assetPaths", "archivePaths"]
      .filter((property) => at(news, property) !== undefined)
      .map((property) => ({ property, reason: `${property} is not in the stand-in of the command plugin; install the official plugin to use it` }));
    return Promise.resolve({ inputs: news, failures });
  },
  diff({ olds, oldInputs, news }) {
    const before = Object.keys(oldInputs).length > 0 ? oldInputs : inputsOf(olds);
    return Promise.resolve(shallowDiff(before, news, (key) => key === "triggers"));
  },
  async create(operation, news) {
    const idle = at(news, "create") === undefined;
    const id = operation.preview ? "" : `${nameOfUrn(operation.urn)}${randomBytes(4).toString("hex")}`;
    if (idle) return { id, properties: stateOf(news, { stdout: "", stderr: "" }) };
    if (operation.preview) return { id, properties: stateOf(news, { stdout: UNKNOWN, stderr: UNKNOWN }) };
    return { id, properties: stateOf(news, { ...(await execute(operation.urn, "create", news, {})) }) };
  },
  async update(operation, _id, olds, news) {
    const phase = at(news, "update") !== undefined ? "update" : at(news, "create") !== undefined ? "create" : undefined;
    if (!phase) return stateOf(news, { ...previousOf(olds) });
    if (operation.preview) return stateOf(news, { stdout: UNKNOWN, stderr: UNKNOWN });
    return stateOf(news, { ...(await execute(operation.urn, phase, news, previousOf(olds))) });
  },
  async delete(operation, _id, state) {
    if (at(state, "delete") !== undefined) await execute(operation.urn, "delete", state, previousOf(state));
  },
  // Nothing outside the state to look at.
  read(operation, id, state, inputs) {
    refuse(operation.type);
    if (Object.keys(state).length === 0) throw new Error("a command cannot be imported: there is nothing to read it from");
    return Promise.resolve({ id, properties: state, inputs });
  },
  async invoke(token, args) {
    if (token !== "command:local:run") throw new Error(`function ${token} is not in the stand-in of the command plugin; install the official plugin to use it`);
    return stateOf(args, { ...(await execute("", "command", args, {})) });
  },
  cancel() {
    cancelled = true;
    for (const child of running) {
      try {
        if (child.pid) process.kill(-child.pid, "SIGTERM");
      } catch {
        // it ended by itself
      }
    }
  },
};

serveProvider(provider);
