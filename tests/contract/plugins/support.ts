/** Speaks to a plugin as the engine does: starts its process, sends requests, hears its messages. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { startCluster, removeCluster, type Cluster } from "../../../tools/cluster";
import { executableOf } from "../../../tools/plugins/bundle";
import { installPlugins, type InstalledPlugin } from "../../../tools/plugins/install";
import { fromStruct, toStruct, type ValueMap } from "../../../tools/plugins/lib/values";

/** A folder with stand-ins, as `$PULUMI_HOME`; `remove` deletes it. */
export async function standIns(): Promise<{ home: string; plugins: readonly InstalledPlugin[]; path: readonly string[]; remove(): void }> {
  const home = mkdtempSync(join(tmpdir(), "oap-plugins-"));
  const { plugins, path } = await installPlugins("pulumi", home, { standInsOnly: true });
  return { home, plugins, path, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** The environment of the CLI on a cluster of the tests, with the stand-ins. @param state folder of its backend */
export function cliEnvironment(home: { readonly home: string; readonly path: readonly string[] }, state: string, cluster: Cluster): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: [...home.path, dirname(process.execPath), process.env.PATH ?? ""].join(delimiter),
    PULUMI_HOME: home.home,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    OAP_EMBEDDED_KUBECONFIG: cluster.kubeconfig,
  };
}

let shared: Promise<Cluster> | undefined;
/** One simulated cluster for all plugin tests of a run; removed when mocha ends. */
export function testCluster(): Promise<Cluster> {
  return (shared ??= startCluster({ name: "plugin-tests", platform: "kubernetes", flavor: "simulated", nodes: 1 }));
}
after(async function removeSharedCluster() {
  this.timeout(600_000);
  if (shared) await removeCluster(await shared);
});

/** Resource was made, but did not become ready. */
export class InitError extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly properties: ValueMap,
    readonly reasons: readonly string[],
  ) {
    super(message);
  }
}

export interface Message {
  readonly urn: string;
  readonly text: string;
  readonly ephemeral: boolean;
}

export class Plugin {
  messages: readonly Message[] = [];
  /** Requests to the API server, `GET /api/v1/…`. */
  readonly calls: string[] = [];

  private constructor(
    readonly client: ResourceProviderClient,
    readonly child: ChildProcess,
    readonly server: grpc.Server,
  ) {}

  static async start(plugins: readonly InstalledPlugin[], name: "kubernetes" | "random" | "command", env: NodeJS.ProcessEnv = {}): Promise<Plugin> {
    const dir = plugins.find((plugin) => plugin.name === name)?.dir ?? "";
    const server = new grpc.Server();
    const heard: Message[] = [];
    server.addService(EngineService, {
      log(call: grpc.ServerUnaryCall<LogRequest, Empty>, done: grpc.sendUnaryData<Empty>) {
        heard.push({ urn: call.request.getUrn(), text: call.request.getMessage(), ephemeral: call.request.getEphemeral() });
        done(null, new Empty());
      },
    });
    const enginePort = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
    );
    const child = spawn(join(dir, executableOf(name)), [`127.0.0.1:${enginePort}`], {
      env: { ...process.env, OAP_STANDIN_TRACE: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const port = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
      child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
    });
    const plugin = new Plugin(new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure()), child, server);
    plugin.messages = heard;
    child.stderr.on("data", (data: Buffer) => plugin.calls.push(...[...data.toString().matchAll(/^standin (.*)$/gm)].map((match) => match[1] ?? "")));
    return plugin;
  }

  #ask<Request, Reply>(method: (request: Request, done: (error: grpc.ServiceError | null, reply: Reply) => void) => unknown, request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => method.call(this.client, request, (error, reply) => (error ? reject(toError(error)) : resolve(reply))));
  }

  async configure(config: Readonly<Record<string, string>> = {}): Promise<void> {
    const request = new pb.ConfigureRequest();
    for (const [key, value] of Object.entries(config)) request.getVariablesMap().set(`kubernetes:config:${key}`, value);
    await this.#ask<pb.ConfigureRequest, pb.ConfigureResponse>(this.client.configure.bind(this.client), request);
  }
  async check(urn: string, news: ValueMap, olds: ValueMap = {}): Promise<{ inputs: ValueMap; failures: string[] }> {
    const request = new pb.CheckRequest();
    request.setUrn(urn);
    request.setNews(toStruct(news));
    request.setOlds(toStruct(olds));
    request.setRandomseed(randomBytes(16));
    const reply = await this.#ask<pb.CheckRequest, pb.CheckResponse>(this.client.check.bind(this.client), request);
    return { inputs: fromStruct(reply.getInputs()), failures: reply.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`) };
  }
  async diff(
    urn: string,
    olds: ValueMap,
    news: ValueMap,
    oldInputs: ValueMap = {},
  ): Promise<{ changed: boolean; paths: string[]; replaces: string[]; deleteBeforeReplace: boolean }> {
    const request = new pb.DiffRequest();
    request.setUrn(urn);
    request.setId("x");
    request.setOlds(toStruct(olds));
    request.setNews(toStruct(news));
    request.setOldInputs(toStruct(oldInputs));
    const reply = await this.#ask<pb.DiffRequest, pb.DiffResponse>(this.client.diff.bind(this.client), request);
    return {
      changed: reply.getChanges() === pb.DiffResponse.DiffChanges.DIFF_SOME,
      paths: reply
        .getDetaileddiffMap()
        .toArray()
        .map(([path]) => path)
        .sort(),
      replaces: reply.getReplacesList(),
      deleteBeforeReplace: reply.getDeletebeforereplace(),
    };
  }
  async create(urn: string, inputs: ValueMap, options: { preview?: boolean; timeout?: number } = {}): Promise<{ id: string; state: ValueMap }> {
    const request = new pb.CreateRequest();
    request.setUrn(urn);
    request.setProperties(toStruct(inputs));
    request.setPreview(options.preview ?? false);
    request.setTimeout(options.timeout ?? 0);
    const reply = await this.#ask<pb.CreateRequest, pb.CreateResponse>(this.client.create.bind(this.client), request);
    return { id: reply.getId(), state: fromStruct(reply.getProperties()) };
  }
  async update(
    urn: string,
    id: string,
    olds: ValueMap,
    news: ValueMap,
    options: { preview?: boolean; timeout?: number; ignoreChanges?: string[] } = {},
  ): Promise<ValueMap> {
    const request = new pb.UpdateRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setOlds(toStruct(olds));
    request.setNews(toStruct(news));
    request.setPreview(options.preview ?? false);
    request.setTimeout(options.timeout ?? 0);
    request.setIgnorechangesList(options.ignoreChanges ?? []);
    const reply = await this.#ask<pb.UpdateRequest, pb.UpdateResponse>(this.client.update.bind(this.client), request);
    return fromStruct(reply.getProperties());
  }
  /** id is "" when it does not exist. */
  async read(urn: string, id: string, state: ValueMap = {}, inputs: ValueMap = {}): Promise<{ id: string; state: ValueMap; inputs: ValueMap }> {
    const request = new pb.ReadRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(toStruct(state));
    request.setInputs(toStruct(inputs));
    const reply = await this.#ask<pb.ReadRequest, pb.ReadResponse>(this.client.read.bind(this.client), request);
    return { id: reply.getId(), state: fromStruct(reply.getProperties()), inputs: fromStruct(reply.getInputs()) };
  }
  async delete(urn: string, id: string, state: ValueMap, timeout = 0): Promise<void> {
    const request = new pb.DeleteRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(toStruct(state));
    request.setTimeout(timeout);
    await this.#ask<pb.DeleteRequest, Empty>(this.client.delete.bind(this.client), request);
  }
  async invoke(token: string, args: ValueMap): Promise<ValueMap> {
    const request = new pb.InvokeRequest();
    request.setTok(token);
    request.setArgs(toStruct(args));
    return fromStruct((await this.#ask<pb.InvokeRequest, pb.InvokeResponse>(this.client.invoke.bind(this.client), request)).getReturn());
  }
  async cancel(): Promise<void> {
    await this.#ask<Empty, Empty>(this.client.cancel.bind(this.client), new Empty());
  }

  /** Ends it as the engine does. @returns its exit code */
  async stop(): Promise<number | null> {
    this.client.close();
    this.server.forceShutdown();
    if (this.child.exitCode !== null) return this.child.exitCode;
    return new Promise((resolve) => {
      this.child.once("exit", resolve);
      this.child.kill("SIGINT");
    });
  }
}

function toError(error: grpc.ServiceError): Error {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  if (!(bytes instanceof Buffer)) return new Error(error.details);
  const [any] = Status.deserializeBinary(bytes).getDetailsList();
  const detail =
    any instanceof Any ? any.unpack((data: Uint8Array) => pb.ErrorResourceInitFailed.deserializeBinary(data), "pulumirpc.ErrorResourceInitFailed") : null;
  if (!detail) return new Error(error.details);
  return new InitError(error.details, detail.getId(), fromStruct(detail.getProperties()), detail.getReasonsList());
}

/** The error that a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

export const urnOf = (type: string, name: string): string => `urn:pulumi:test::plugins::${type}::${name}`;
