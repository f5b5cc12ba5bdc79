/** Shared views of the cluster: one list and one watch per kind and namespace, however many resources wait on it. */
import { setTimeout as sleep } from "node:timers/promises";
import { isMap, listAt, mapAt, textAt, type ValueMap } from "../lib/values";
import { ApiError, type Api } from "./api";
import { pathOf, type Discovery } from "./discovery";
import { nameOf, type GroupVersionKind } from "./objects";

export interface View {
  /** Everything of the kind in the namespace, as last heard. */
  items(): readonly ValueMap[];
  get(name: string): ValueMap | undefined;
  close(): void;
}

class Informer {
  readonly items = new Map<string, ValueMap>();
  readonly listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  readonly ready: Promise<void>;

  constructor(
    readonly api: Api,
    readonly path: string,
    readonly gvk: GroupVersionKind,
  ) {
    this.ready = new Promise((resolve, reject) => void this.#run(resolve, reject));
    this.ready.catch(() => undefined); // whoever waits gets it
  }

  async #run(listed: () => void, failed: (error: unknown) => void): Promise<void> {
    const { signal } = this.#stop;
    for (let first = true; !signal.aborted; first = false) {
      try {
        let version = await this.#list();
        listed();
        this.#notify();
        // The server ends a watch after some minutes; it is then continued from where it was.
        while (!signal.aborted) {
          for await (const { type, object } of this.api.watch(
            this.path,
            { resourceVersion: version, allowWatchBookmarks: "true", timeoutSeconds: "300" },
            signal,
          )) {
            if (type === "ERROR") throw new ApiError(410, "Expired", textAt(object, "message") ?? "watch ended");
            version = textAt(object, "metadata", "resourceVersion") ?? version;
            if (type === "BOOKMARK") continue;
            if (type === "DELETED") this.items.delete(nameOf(object));
            else this.items.set(nameOf(object), this.#typed(object));
            this.#notify();
          }
        }
      } catch (error) {
        if (first && error instanceof ApiError && error.code < 500) return failed(error);
        if (!signal.aborted) await sleep(500);
      }
    }
  }
  async #list(): Promise<string> {
    const answer = await this.api.request("GET", this.path, { signal: this.#stop.signal });
    this.items.clear();
    for (const item of listAt(answer, "items")) if (isMap(item)) this.items.set(nameOf(item), this.#typed(item));
    return textAt(answer, "metadata", "resourceVersion") ?? "";
  }
  /** Items of a list don't repeat their kind. */
  #typed(object: ValueMap): ValueMap {
    return { apiVersion: this.gvk.apiVersion, kind: this.gvk.kind, ...object };
  }
  #notify(): void {
    for (const listener of this.listeners) listener();
  }
  stop(): void {
    this.#stop.abort();
  }
}

/** How long a view stays open after its last user: the next resource of the kind often comes at once. */
const LINGER_MS = 2000;

export class Views {
  readonly #informers = new Map<string, Informer>();
  constructor(
    readonly api: Api,
    readonly discovery: Discovery,
  ) {}

  /** Opens a view and waits for its first list. @param changed called after each change */
  async open(gvk: GroupVersionKind, namespace: string, changed: () => void): Promise<View> {
    const resource = await this.discovery.find(gvk);
    if (!resource) throw new ApiError(404, "NotFound", `the server does not serve ${gvk.apiVersion} ${gvk.kind}`);
    const path = pathOf(resource, namespace);
    const informer = this.#informers.get(path) ?? new Informer(this.api, path, gvk);
    this.#informers.set(path, informer);
    informer.listeners.add(changed);
    const close = () => {
      informer.listeners.delete(changed);
      setTimeout(() => {
        if (informer.listeners.size > 0 || this.#informers.get(path) !== informer) return;
        this.#informers.delete(path);
        informer.stop();
      }, LINGER_MS).unref();
    };
    try {
      await informer.ready;
    } catch (error) {
      this.#informers.delete(path);
      close();
      throw error;
    }
    return { items: () => [...informer.items.values()], get: (name) => informer.items.get(name), close };
  }
}

/** Whether labels are chosen by a label selector (`matchLabels`, `matchExpressions`). */
export function selects(selector: ValueMap, labels: ValueMap): boolean {
  const plain = Object.entries(mapAt(selector, "matchLabels")).every(([key, value]) => labels[key] === value);
  return (
    plain &&
    listAt(selector, "matchExpressions").every((expression) => {
      const label = labels[textAt(expression, "key") ?? ""];
      const values = listAt(expression, "values");
      switch (textAt(expression, "operator") ?? "") {
        case "In":
          return label !== undefined && values.includes(label);
        case "NotIn":
          return label === undefined || !values.includes(label);
        case "Exists":
          return label !== undefined;
        default: // DoesNotExist
          return label === undefined;
      }
    })
  );
}
