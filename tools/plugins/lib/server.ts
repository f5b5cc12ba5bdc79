/** What every plugin process does: serve gRPC on a free loopback port, print the port, talk to the engine, end with the engine. */
import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { toStruct, type ValueMap } from "./values";

// States of large stacks exceed gRPC's 4 MB.
const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** The object was made, but did not become ready: the engine keeps its state and tries again with the next `up`. */
export class InitFailed extends Error {
  override readonly name = "InitFailed";
  /** @param reasons shown to the user, one line each */
  constructor(
    message: string,
    readonly id: string,
    readonly properties: ValueMap,
    readonly reasons: readonly string[],
    readonly inputs?: ValueMap,
  ) {
    super(message);
  }
}

/** An error as gRPC sends it. */
export function toServiceError(error: unknown): Partial<grpc.ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof InitFailed)) return { code: grpc.status.UNKNOWN, details: message };
  const detail = new ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(toStruct(error.properties));
  detail.setReasonsList([...error.reasons]);
  if (error.inputs) detail.setInputs(toStruct(error.inputs));
  const any = new Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.addDetails(any);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

/** A method that answers one request with one reply. */
export function unary<Request, Reply>(work: (request: Request) => Reply | Promise<Reply>): grpc.handleUnaryCall<Request, Reply> {
  return (call, done) => {
    Promise.resolve()
      .then(() => work(call.request))
      .then(
        (reply) => done(null, reply),
        (error: unknown) => done(toServiceError(error)),
      );
  };
}

/** A method that this plugin does not have; `what` says which part is missing and what to do instead. */
export function refuse<Request, Reply>(what: string): grpc.handleUnaryCall<Request, Reply> {
  return (_call, done) => done({ code: grpc.status.UNIMPLEMENTED, details: what });
}

/** Messages to the user, through the engine. Failing to log fails nothing. */
export class Engine {
  readonly #client: EngineClient | undefined;

  constructor(readonly address: string | undefined) {
    this.#client = address ? new EngineClient(address, grpc.credentials.createInsecure(), unlimited) : undefined;
  }
  #log(severity: LogSeverity, urn: string, message: string, ephemeral: boolean): void {
    const request = new LogRequest();
    request.setSeverity(severity);
    request.setUrn(urn);
    request.setMessage(message);
    request.setEphemeral(ephemeral);
    this.#client?.log(request, () => undefined);
  }
  /** Shown beside the resource while it is worked on; "" clears it. */
  status(urn: string, message: string): void {
    this.#log(LogSeverity.INFO, urn, message, true);
  }
  info(urn: string, message: string): void {
    this.#log(LogSeverity.INFO, urn, message, false);
  }
  warn(urn: string, message: string): void {
    this.#log(LogSeverity.WARNING, urn, message, false);
  }
}

/** The engine's address, the last plain argument of a plugin process. */
export const engineAddress = (): string | undefined => process.argv.slice(2).findLast((argument) => !argument.startsWith("-"));

/** Serves `implementation` until the engine stops this process or dies; `onExit` stops what was started. */
export function serve(service: grpc.ServiceDefinition, implementation: grpc.UntypedServiceImplementation, onExit: () => void = () => undefined): void {
  const server = new grpc.Server(unlimited);
  server.addService(service, implementation);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  const end = () => {
    onExit();
    process.exit(0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end); // how the engine ends a plugin; Ctrl-C of the user does not come here (own process group)
  process.stdout.on("error", end); // the reader is gone
  // A plugin whose engine was killed gets another parent.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && end(), 1000).unref();
}
