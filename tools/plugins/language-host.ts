/**
 * Language host for Node.js programs: the engine starts it as `pulumi-language-nodejs`, and it starts the program, or a policy
 * pack, with the Node that runs this file. Code generation, packing and linking are not here.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ServerWritableStream, UntypedServiceImplementation } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { engineAddress, refuse, serve, unary } from "./lib/server";
import { at, fromStruct, textAt } from "./lib/values";

/** Exit code of a program that already told the user what is wrong. */
const SHOWN_TO_USER = 32;
const version = process.env.OAP_PLUGIN_VERSION ?? "0.0.0";
let engine = engineAddress();
const children = new Set<ChildProcess>();

/** Starts Node on a file of the program's own `@pulumi/pulumi`. Stopped with us. */
function start(
  module: string,
  directory: string,
  nodeArgs: readonly string[],
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  piped: boolean,
): ChildProcess {
  let path: string;
  try {
    path = createRequire(join(directory, "package.json")).resolve(module);
  } catch {
    throw new Error(`${directory}: @pulumi/pulumi is not installed there. Run: npm install`);
  }
  const child = spawn(process.execPath, [...nodeArgs, path, ...args], { cwd, env, stdio: ["ignore", piped ? "pipe" : "inherit", piped ? "pipe" : "inherit"] });
  children.add(child);
  child.once("close", () => children.delete(child));
  return child;
}

/** Exit status of a child: 128 + n for a signal. */
const ended = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal === "SIGKILL" ? 9 : 15)));
  });

/** Runtime options of Pulumi.yaml: `typescript`, `tsconfig`, `nodeargs`. */
function optionsOf(info: pb.ProgramInfo | undefined): { env: NodeJS.ProcessEnv; nodeArgs: string[] } {
  const options = fromStruct(info?.getOptions());
  const tsconfig = textAt(options, "tsconfig");
  return {
    env: {
      ...(at(options, "typescript") === false ? {} : { PULUMI_NODEJS_TYPESCRIPT: "true" }),
      ...(tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig } : {}),
    },
    nodeArgs: (textAt(options, "nodeargs") ?? "").split(/\s+/).filter(Boolean),
  };
}

async function run(request: pb.RunRequest): Promise<pb.RunResponse> {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() || request.getPwd();
  const { env, nodeArgs } = optionsOf(info);
  const flags: Record<string, string | undefined> = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info?.getRootDirectory(),
    stack: request.getStack(),
    pwd: directory,
    parallel: String(request.getParallel()),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}`, value] : []));
  if (request.getDryrun()) args.push("--dry-run");
  args.push(info?.getEntryPoint() || request.getProgram() || ".", ...request.getArgsList());
  // Configuration goes through the environment: it may be secret, and arguments are seen by everyone.
  const config = {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
  const reply = new pb.RunResponse();
  try {
    const code = await ended(start("@pulumi/pulumi/cmd/run", directory, nodeArgs, args, { ...process.env, ...config, ...env }, directory, false));
    if (code === SHOWN_TO_USER) reply.setBail(true);
    else if (code !== 0) reply.setError(`Program exited with non-zero exit code: ${code}`);
  } catch (error) {
    reply.setError(error instanceof Error ? error.message : String(error));
  }
  return reply;
}

/** Runs a plugin written in Node.js, e.g. a policy pack (kind `analyzer`), and streams its output. */
function runPlugin(call: ServerWritableStream<pb.RunPluginRequest, pb.RunPluginResponse>): void {
  const request = call.request;
  const directory = request.getInfo()?.getProgramDirectory() || request.getProgram() || request.getPwd();
  const { env, nodeArgs } = optionsOf(request.getInfo());
  const given = Object.fromEntries(request.getEnvList().map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
  const analyzer = request.getKind() === "analyzer";
  const [module, args] = analyzer
    ? ["@pulumi/pulumi/cmd/run-policy-pack", [...(request.getArgsList().length > 0 ? request.getArgsList() : [engine ?? ""]), directory]]
    : ["@pulumi/pulumi/cmd/run-plugin", [directory, ...request.getArgsList()]];
  const send = (fill: (reply: pb.RunPluginResponse) => void) => {
    const reply = new pb.RunPluginResponse();
    fill(reply);
    call.write(reply);
  };
  let child: ChildProcess;
  try {
    child = start(module, directory, nodeArgs, args, { ...process.env, ...given, ...env }, analyzer ? directory : request.getPwd(), true);
  } catch (error) {
    send((reply) => reply.setStderr(Buffer.from(`${error instanceof Error ? error.message : String(error)}\n`)));
    send((reply) => reply.setExitcode(1));
    call.end();
    return;
  }
  child.stdout?.on("data", (data: Buffer) => send((reply) => reply.setStdout(data)));
  child.stderr?.on("data", (data: Buffer) => send((reply) => reply.setStderr(data)));
  call.on("cancelled", () => child.kill());
  void ended(child).then(
    (code) => {
      send((reply) => reply.setExitcode(code));
      call.end();
    },
    (error: Error) => call.destroy(error),
  );
}

/** `pulumi install`: npm, streaming its output. */
function installDependencies(call: ServerWritableStream<pb.InstallDependenciesRequest, pb.InstallDependenciesResponse>): void {
  const directory = call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
  const child = spawn("npm", ["install", "--no-audit", "--no-fund"], { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  child.once("close", () => children.delete(child));
  const send = (set: "setStdout" | "setStderr") => (data: Buffer) => {
    const reply = new pb.InstallDependenciesResponse();
    reply[set](data);
    call.write(reply);
  };
  child.stdout.on("data", send("setStdout"));
  child.stderr.on("data", send("setStderr"));
  void ended(child).then(
    (code) => void (code === 0 ? call.end() : call.destroy(new Error(`npm install in ${directory}: exit code ${code}`))),
    (error: Error) => call.destroy(error),
  );
}

/** What package.json names, with the versions that are installed (`pulumi about`). */
function dependencies(request: pb.GetProgramDependenciesRequest): pb.GetProgramDependenciesResponse {
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const readJson = (path: string): Record<string, unknown> => {
    try {
      return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    } catch {
      return {};
    }
  };
  const manifest = readJson(join(directory, "package.json"));
  const reply = new pb.GetProgramDependenciesResponse();
  for (const [name, range] of Object.entries({ ...(manifest.dependencies as object | undefined), ...(manifest.devDependencies as object | undefined) })) {
    const info = new pb.DependencyInfo();
    info.setName(name);
    info.setVersion(String(readJson(join(directory, "node_modules", name, "package.json")).version ?? range));
    reply.addDependencies(info);
  }
  return reply;
}

const stopChildren = () => children.forEach((child) => child.kill("SIGINT"));
const missing = "this is not in the stand-in of the Node.js language host; install the official Pulumi CLI to use it";

const implementation: UntypedServiceImplementation = {
  handshake: unary((request: pb.LanguageHandshakeRequest) => {
    engine = request.getEngineAddress() || engine;
    return new pb.LanguageHandshakeResponse();
  }),
  getPluginInfo: unary(() => {
    const info = new PluginInfo();
    info.setVersion(version);
    return info;
  }),
  // None named: the engine finds each provider when its first resource comes, by the version that the SDK asks for.
  getRequiredPlugins: unary(() => new pb.GetRequiredPluginsResponse()),
  getRequiredPackages: unary(() => new pb.GetRequiredPackagesResponse()),
  about: unary(() => {
    const reply = new pb.AboutResponse();
    reply.setExecutable(process.execPath);
    reply.setVersion(process.version);
    return reply;
  }),
  getProgramDependencies: unary(dependencies),
  installDependencies,
  runtimeOptionsPrompts: unary(() => new pb.RuntimeOptionsResponse()),
  run: unary(run),
  runPlugin,
  cancel: unary(() => {
    stopChildren();
    return new Empty();
  }),
  template: unary(() => new pb.TemplateResponse()),
  generateProgram: refuse(missing),
  generateProject: refuse(missing),
  generatePackage: refuse(missing),
  pack: refuse(missing),
  link: refuse(missing),
};

serve(LanguageRuntimeService, implementation, stopChildren);
