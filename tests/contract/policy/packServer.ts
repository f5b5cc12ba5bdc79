/** The policy pack as the engine runs it: a process that serves the analyzer's interface, started once. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/analyzer_pb";
import { isFields, UNKNOWN, type Value } from "../../../policy/src/values";

/** What stands for a text that is not known yet, in what the engine sends. */
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface Sent {
  /** `kubernetes:apps/v1:Deployment` */
  readonly type: string;
  readonly urn: string;
  readonly props: Value;
  readonly protect?: boolean;
}

export interface Diagnostic {
  readonly policy: string;
  readonly message: string;
  readonly urn: string;
  readonly mandatory: boolean;
}

type Call<Request, Reply> = (request: Request, done: (error: grpc.ServiceError | null, reply: Reply) => void) => unknown;

export class PackServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: AnalyzerClient,
  ) {}

  /** @param dir folder of the pack */
  static async start(dir: string, env: NodeJS.ProcessEnv = {}): Promise<PackServer> {
    const program = join(dir, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
    const child = spawn(process.execPath, [program, "127.0.0.1:0", "."], { cwd: dir, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`the pack ended with ${String(code)} before it was served`);
    });
    const lines = createInterface({ input: child.stdout });
    const [port] = (await Promise.race([once(lines, "line"), ended])) as [string];
    return new PackServer(child, new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), { "grpc.max_receive_message_length": -1 }));
  }

  stop(): void {
    this.client.close();
    this.child.kill();
  }

  /** What the engine says of the stack, before all else. */
  async configure(config: Readonly<Record<string, string>>, stack = "test"): Promise<void> {
    const request = new pb.AnalyzerStackConfigureRequest();
    request.setStack(stack);
    for (const [key, value] of Object.entries(config)) request.getConfigMap().set(key, value);
    await this.call<pb.AnalyzerStackConfigureRequest, pb.AnalyzerStackConfigureResponse>(this.client.configureStack.bind(this.client), request);
  }

  async info(): Promise<pb.AnalyzerInfo> {
    return this.call<Empty, pb.AnalyzerInfo>(this.client.getAnalyzerInfo.bind(this.client), new Empty());
  }

  /** What the policies say of one resource. */
  async analyze(sent: Sent): Promise<readonly Diagnostic[]> {
    const request = new pb.AnalyzeRequest();
    request.setType(sent.type);
    request.setUrn(sent.urn);
    request.setName(sent.urn.split("::").at(-1) ?? "");
    request.setProperties(structOf(sent.props));
    request.setOptions(optionsOf(sent));
    return diagnosticsOf(await this.call<pb.AnalyzeRequest, pb.AnalyzeResponse>(this.client.analyze.bind(this.client), request));
  }

  /** What they say of the whole stack. */
  async analyzeStack(all: readonly Sent[]): Promise<readonly Diagnostic[]> {
    const request = new pb.AnalyzeStackRequest();
    request.setResourcesList(
      all.map((sent) => {
        const resource = new pb.AnalyzerResource();
        resource.setType(sent.type);
        resource.setUrn(sent.urn);
        resource.setName(sent.urn.split("::").at(-1) ?? "");
        resource.setProperties(structOf(sent.props));
        resource.setOptions(optionsOf(sent));
        return resource;
      }),
    );
    return diagnosticsOf(await this.call<pb.AnalyzeStackRequest, pb.AnalyzeResponse>(this.client.analyzeStack.bind(this.client), request));
  }

  private call<Request, Reply>(method: Call<Request, Reply>, request: Request): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    method(request, (error, reply) => (error === null ? resolve(reply) : reject(error)));
    return promise;
  }
}

function optionsOf({ protect = false }: Sent): pb.AnalyzerResourceOptions {
  const options = new pb.AnalyzerResourceOptions();
  options.setProtect(protect);
  return options;
}

function diagnosticsOf(reply: pb.AnalyzeResponse): readonly Diagnostic[] {
  return reply.getDiagnosticsList().map((one) => ({
    policy: one.getPolicyname(),
    message: one.getMessage(),
    urn: one.getUrn(),
    mandatory: one.getEnforcementlevel() === pb.EnforcementLevel.MANDATORY,
  }));
}

function structOf(value: Value): Struct {
  return Struct.fromJavaScript(wireOf(value) as Record<string, JavaScriptValue>);
}

/** Fields that are undefined are left out. */
function wireOf(value: Value): unknown {
  if (value === UNKNOWN) return unknownText;
  if (Array.isArray(value)) return (value as readonly Value[]).map((one) => wireOf(one) ?? null);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : [[key, wireOf(one)]])));
}
