/** A resource in the state: the live object, and beside it what the program had said, as the official provider keeps it. */
import { createHash, randomBytes } from "node:crypto";
import { at, copySecrets, isMap, isSecret, makeSecret, mapAt, plainMap, textAt, type MutableMap, type ValueMap } from "../lib/values";
import { annotation, kindOf, toApi, toSdk } from "./objects";

export interface StateParts {
  readonly inputs: ValueMap;
  readonly live: ValueMap;
  readonly initialApiVersion: string | undefined;
  readonly fieldManager: string | undefined;
}

/** Takes a state apart; secret marks are dropped. */
export function parseState(state: ValueMap): StateParts {
  const { __inputs, __initialApiVersion, __fieldManager, ...live } = plainMap(state);
  return {
    inputs: toApi(isMap(__inputs) ? __inputs : {}),
    live: toApi(live),
    initialApiVersion: typeof __initialApiVersion === "string" ? __initialApiVersion : undefined,
    fieldManager: typeof __fieldManager === "string" ? __fieldManager : undefined,
  };
}

/** Marks what is secret: the data of every Secret, and whatever came in as secret. */
export function markSecrets(object: ValueMap, from: ValueMap): ValueMap {
  if (kindOf(object) !== "Secret") return copySecrets(object, from);
  const marked: MutableMap = { ...object };
  for (const key of ["data", "stringData"]) if (marked[key] !== undefined) marked[key] = makeSecret(marked[key]);
  return marked;
}

/** Puts a state together. @param from the inputs with their secret marks */
export function makeState(inputs: ValueMap, live: ValueMap, from: ValueMap, initialApiVersion: string, fieldManager: string): ValueMap {
  return {
    ...markSecrets(toSdk(live), from),
    __inputs: markSecrets(toSdk(inputs), from),
    __initialApiVersion: initialApiVersion,
    __fieldManager: fieldManager,
  };
}

/** Name under which we own fields (server-side apply): annotated, else from the state, else new. */
export function fieldManagerOf(inputs: ValueMap, state: ValueMap): string {
  const kept = isSecret(state.__fieldManager) ? undefined : textAt(state, "__fieldManager");
  return annotation(plainMap(inputs), "pulumi.com/patchFieldManager") ?? kept ?? `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
}

/** Suffix of a generated name: eight hex digits, the same in the preview and the update of one plan. */
export function nameSuffix(seed: Uint8Array): string {
  return (seed.length > 0 ? createHash("sha256").update(seed).digest("hex") : randomBytes(4).toString("hex")).slice(0, 8);
}

/** Metadata of inputs that name nothing: a generated name with its mark, or the generated name that the object already has. */
export function withName(news: ValueMap, olds: ValueMap, name: string, seed: Uint8Array, proposed: string | undefined): ValueMap {
  const metadata = at(news, "metadata");
  if (metadata !== undefined && !isMap(metadata)) return news; // not known yet
  if (at(metadata, "name") !== undefined && at(metadata, "name") !== null && at(metadata, "name") !== "") return news;
  if (at(metadata, "generateName") !== undefined) return news;
  const old = plainMap(olds);
  const kept = annotation(old, "pulumi.com/autonamed") === "true" ? textAt(old, "metadata", "name") : undefined;
  if (Object.keys(old).length > 0 && kept === undefined) return news;
  const annotations = at(metadata, "annotations");
  const marked = annotations === undefined || isMap(annotations) ? { annotations: { ...mapAt(annotations), "pulumi.com/autonamed": "true" } } : {};
  return { ...news, metadata: { ...mapAt(metadata), name: kept ?? proposed ?? `${name}-${nameSuffix(seed)}`, ...marked } };
}
