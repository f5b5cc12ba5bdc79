/** What all resource providers share: the skeleton of their gRPC service. A provider states only what it does itself. */
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Engine, engineAddress, refuse, serve, unary } from "./server";
import { fromStruct, same, toStruct, type ValueMap } from "./values";

export type ChangeKind = "add" | "update" | "delete";
/** A changed property by its path (`spec.template.spec.containers[0].image`). */
export interface Change {
  readonly kind: ChangeKind;
  readonly replace: boolean;
}
export interface Difference {
  readonly changes: ReadonlyMap<string, Change>;
  readonly deleteBeforeReplace?: boolean;
}
export interface State {
  readonly id: string;
  readonly properties: ValueMap;
  /** Only from `read`: what a program would have said to get this. */
  readonly inputs?: ValueMap;
}
export interface Failure {
  readonly property: string;
  readonly reason: string;
}
export interface CheckInput {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly olds: ValueMap;
  readonly news: ValueMap;
  /** Same for the preview and the update of one plan. */
  readonly seed: Uint8Array;
  /** Name that the user's autonaming configuration asks for. */
  readonly proposedName?: string;
  readonly autonamingDisabled: boolean;
}
export interface Operation {
  readonly urn: string;
  readonly type: string;
  readonly preview: boolean;
  /** From `customTimeouts`, in seconds; 0 = none given. */
  readonly timeout: number;
}

/** One provider. Values carry secret and unknown marks both ways. */
export interface Provider {
  readonly version: string;
  checkConfig?(news: ValueMap): readonly Failure[];
  diffConfig?(olds: ValueMap, news: ValueMap): Difference;
  configure?(config: ReadonlyMap<string, string>, engine: Engine): Promise<void> | void;
  check(input: CheckInput): Promise<{ readonly inputs: ValueMap; readonly failures?: readonly Failure[] }>;
  /** @param olds state; @param oldInputs what the program said then; @param news checked inputs */
  diff(input: { urn: string; type: string; olds: ValueMap; oldInputs: ValueMap; news: ValueMap; ignoreChanges: readonly string[] }): Promise<Difference>;
  create(operation: Operation, news: ValueMap): Promise<State>;
  /** undefined: it does not exist any more. */
  read(operation: Operation, id: string, state: ValueMap, inputs: ValueMap): Promise<State | undefined>;
  update(operation: Operation, id: string, olds: ValueMap, news: ValueMap, ignoreChanges: readonly string[]): Promise<ValueMap>;
  delete(operation: Operation, id: string, state: ValueMap): Promise<void>;
  invoke?(token: string, args: ValueMap): Promise<ValueMap>;
  cancel?(): void;
}

/** `kubernetes:core/v1:Secret` of a URN. */
export const typeOfUrn = (urn: string): string => urn.split("::")[2]?.split("$").pop() ?? "";
export const nameOfUrn = (urn: string): string => urn.split("::").slice(3).join("::");

const KINDS = {
  add: [pb.PropertyDiff.Kind.ADD, pb.PropertyDiff.Kind.ADD_REPLACE],
  update: [pb.PropertyDiff.Kind.UPDATE, pb.PropertyDiff.Kind.UPDATE_REPLACE],
  delete: [pb.PropertyDiff.Kind.DELETE, pb.PropertyDiff.Kind.DELETE_REPLACE],
} as const;

/** A difference as the engine reads it. */
export function toDiffResponse(difference: Difference): pb.DiffResponse {
  const reply = new pb.DiffResponse();
  const { changes } = difference;
  reply.setChanges(changes.size > 0 ? pb.DiffResponse.DiffChanges.DIFF_SOME : pb.DiffResponse.DiffChanges.DIFF_NONE);
  const detailed = reply.getDetaileddiffMap();
  for (const [path, change] of changes) {
    const property = new pb.PropertyDiff();
    property.setKind(KINDS[change.kind][change.replace ? 1 : 0]);
    property.setInputdiff(change.kind === "delete");
    detailed.set(path, property);
  }
  reply.setHasdetaileddiff(true);
  reply.setDiffsList([...new Set([...changes.keys()].map((path) => path.split(/[.[]/)[0] ?? path))]);
  reply.setReplacesList([...changes].filter(([, change]) => change.replace).map(([path]) => path));
  reply.setDeletebeforereplace(difference.deleteBeforeReplace ?? false);
  return reply;
}

/** Top-level properties that differ; `replaces` says which of them make a new resource. */
export function shallowDiff(olds: ValueMap, news: ValueMap, replaces: (key: string) => boolean): Difference {
  const changes = new Map<string, Change>();
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    if (key.startsWith("__") || same(olds[key], news[key])) continue;
    const kind = !(key in olds) ? "add" : !(key in news) ? "delete" : "update";
    changes.set(key, { kind, replace: replaces(key) });
  }
  return { changes };
}

const failuresOf = (failures: readonly Failure[] = []): pb.CheckFailure[] =>
  failures.map(({ property, reason }) => {
    const failure = new pb.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });

/** Serves a provider until the engine ends. */
export function serveProvider(provider: Provider): void {
  let engine = new Engine(engineAddress());
  const operation = (request: { getUrn(): string }, preview = false, timeout = 0): Operation => ({
    urn: request.getUrn(),
    type: typeOfUrn(request.getUrn()),
    preview,
    timeout,
  });
  const implementation: UntypedServiceImplementation = {
    handshake: unary((request: pb.ProviderHandshakeRequest) => {
      if (request.getEngineAddress()) engine = new Engine(request.getEngineAddress());
      const reply = new pb.ProviderHandshakeResponse();
      reply.setAcceptSecrets(true);
      reply.setSupportsAutonamingConfiguration(true);
      return reply;
    }),
    attach: unary((request: { getAddress(): string }) => {
      engine = new Engine(request.getAddress());
      return new Empty();
    }),
    getPluginInfo: unary(() => {
      const info = new PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),
    checkConfig: unary((request: pb.CheckRequest) => {
      const reply = new pb.CheckResponse();
      reply.setInputs(request.getNews());
      reply.setFailuresList(failuresOf(provider.checkConfig?.(fromStruct(request.getNews()))));
      return reply;
    }),
    diffConfig: unary((request: pb.DiffRequest) => {
      const [olds, news] = [fromStruct(request.getOldInputs() ?? request.getOlds()), fromStruct(request.getNews())];
      return toDiffResponse(provider.diffConfig?.(olds, news) ?? shallowDiff(olds, news, () => false));
    }),
    configure: unary(async (request: pb.ConfigureRequest) => {
      await provider.configure?.(new Map(request.getVariablesMap().toArray()), engine);
      const reply = new pb.ConfigureResponse();
      reply.setAcceptsecrets(true);
      reply.setSupportspreview(true);
      reply.setSupportsAutonamingConfiguration(true);
      return reply;
    }),
    check: unary(async (request: pb.CheckRequest) => {
      const autonaming = request.getAutonaming();
      const result = await provider.check({
        urn: request.getUrn(),
        type: typeOfUrn(request.getUrn()),
        name: nameOfUrn(request.getUrn()),
        olds: fromStruct(request.getOlds()),
        news: fromStruct(request.getNews()),
        seed: request.getRandomseed_asU8(),
        ...(autonaming?.getProposedName() ? { proposedName: autonaming.getProposedName() } : {}),
        autonamingDisabled: autonaming?.getMode() === pb.CheckRequest.AutonamingOptions.Mode.DISABLE,
      });
      const reply = new pb.CheckResponse();
      reply.setInputs(toStruct(result.inputs));
      reply.setFailuresList(failuresOf(result.failures));
      return reply;
    }),
    diff: unary(async (request: pb.DiffRequest) =>
      toDiffResponse(
        await provider.diff({
          urn: request.getUrn(),
          type: typeOfUrn(request.getUrn()),
          olds: fromStruct(request.getOlds()),
          oldInputs: fromStruct(request.getOldInputs()),
          news: fromStruct(request.getNews()),
          ignoreChanges: request.getIgnorechangesList(),
        }),
      ),
    ),
    create: unary(async (request: pb.CreateRequest) => {
      const state = await provider.create(operation(request, request.getPreview(), request.getTimeout()), fromStruct(request.getProperties()));
      const reply = new pb.CreateResponse();
      reply.setId(state.id);
      reply.setProperties(toStruct(state.properties));
      return reply;
    }),
    read: unary(async (request: pb.ReadRequest) => {
      const state = await provider.read(operation(request), request.getId(), fromStruct(request.getProperties()), fromStruct(request.getInputs()));
      const reply = new pb.ReadResponse();
      if (!state) return reply;
      reply.setId(state.id);
      reply.setProperties(toStruct(state.properties));
      if (state.inputs) reply.setInputs(toStruct(state.inputs));
      return reply;
    }),
    update: unary(async (request: pb.UpdateRequest) => {
      const properties = await provider.update(
        operation(request, request.getPreview(), request.getTimeout()),
        request.getId(),
        fromStruct(request.getOlds()),
        fromStruct(request.getNews()),
        request.getIgnorechangesList(),
      );
      const reply = new pb.UpdateResponse();
      reply.setProperties(toStruct(properties));
      return reply;
    }),
    delete: unary(async (request: pb.DeleteRequest) => {
      await provider.delete(operation(request, false, request.getTimeout()), request.getId(), fromStruct(request.getProperties()));
      return new Empty();
    }),
    invoke: unary(async (request: pb.InvokeRequest) => {
      if (!provider.invoke) throw new Error(`function ${request.getTok()} is not in this plugin stand-in; install the official plugin to use it`);
      const reply = new pb.InvokeResponse();
      reply.setReturn(toStruct(await provider.invoke(request.getTok(), fromStruct(request.getArgs()))));
      return reply;
    }),
    cancel: unary(() => {
      provider.cancel?.();
      return new Empty();
    }),
    call: refuse("methods are not in this plugin stand-in; install the official plugin to use them"),
    construct: refuse("component resources are not in this plugin stand-in; install the official plugin to use them"),
    getSchema: refuse("the schema is not in this plugin stand-in; install the official plugin to use it"),
    parameterize: refuse("parameterization is not in this plugin stand-in; install the official plugin to use it"),
    getMapping: unary(() => new pb.GetMappingResponse()),
    getMappings: unary(() => new pb.GetMappingsResponse()),
  };
  serve(ResourceProviderService, implementation, () => provider.cancel?.());
}
