/** Waits until an object is ready, shows progress, and says why it is not when the time is over. */
import { at, textAt, type ValueMap } from "../lib/values";
import type { Engine } from "../lib/server";
import { isNotFound, type Api } from "./api";
import { pathOf, type Discovery } from "./discovery";
import { annotation, conditionsOf, gvkOf, idOf, kindOf, nameOf, namespaceOf, type GroupVersionKind } from "./objects";
import { ENDPOINT_SLICE, ruleFor, type Rule, type Verdict } from "./readiness";
import type { View, Views } from "./watch";
import { CLAIM, EVENT, lastLogs, POD, reasons, type Surroundings } from "./why";

export interface Cluster {
  readonly api: Api;
  readonly discovery: Discovery;
  readonly views: Views;
}
/** It is there, but not ready: `reasons` say why. */
export class NotReady extends Error {
  override readonly name = "NotReady";
  constructor(
    message: string,
    readonly object: ValueMap,
    readonly reasons: readonly string[],
  ) {
    super([message, ...reasons].join("\n  "));
  }
}

/** Seconds: `customTimeouts`, else the annotation, else the rule's. */
export function timeoutOf(object: ValueMap, given: number, fallback: number): number {
  const annotated = Number(annotation(object, "pulumi.com/timeoutSeconds"));
  return given > 0 ? given : annotated > 0 ? annotated : fallback;
}

/** A claim whose class binds when a pod comes is ready as it is. */
async function bindsLater(object: ValueMap, cluster: Cluster): Promise<boolean> {
  const name = textAt(object, "spec", "storageClassName");
  if (!name) return false;
  try {
    const storageClass = await cluster.api.request("GET", `/apis/storage.k8s.io/v1/storageclasses/${encodeURIComponent(name)}`);
    return storageClass.volumeBindingMode === "WaitForFirstConsumer";
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Looking for causes starts after this long: most objects are ready before. */
const CURIOUS_MS = 2000;
/** While nothing changes, causes are looked up again this often. */
const TICK_MS = 2000;

/** @returns the object as it became ready. @throws NotReady on time-out, failure or cancellation */
export async function waitReady(
  created: ValueMap,
  inputs: ValueMap,
  cluster: Cluster,
  timeout: number,
  urn: string,
  engine: Engine,
  cancel: AbortSignal,
): Promise<ValueMap> {
  const rule = ruleFor({
    ...created,
    metadata: {
      ...(created.metadata as ValueMap),
      ...(at(inputs, "metadata", "annotations") === undefined ? {} : { annotations: at(inputs, "metadata", "annotations") ?? null }),
    },
  });
  if (!rule) return created;
  if (rule.related.length === 0 && rule.judge(created, () => []).ready) return created;
  if (kindOf(created) === "PersistentVolumeClaim" && (await bindsLater(created, cluster))) return created;
  const waiter = new Waiter(created, rule, cluster, urn, engine, cancel);
  try {
    return await waiter.run(timeoutOf(inputs, timeout, rule.timeout) * 1000);
  } finally {
    waiter.close();
  }
}

class Waiter {
  readonly #views = new Map<string, View>();
  #wake: () => void = () => undefined;
  #shown = "";

  constructor(
    readonly created: ValueMap,
    readonly rule: Rule,
    readonly cluster: Cluster,
    readonly urn: string,
    readonly engine: Engine,
    readonly cancel: AbortSignal,
  ) {}

  async #view(gvk: GroupVersionKind): Promise<View | undefined> {
    const known = this.#views.get(gvk.kind);
    if (known) return known;
    const view = await this.cluster.views.open(gvk, namespaceOf(this.created), () => this.#wake());
    this.#views.set(gvk.kind, view);
    return view;
  }

  /** The object as last heard, not older than what the write returned; undefined = gone, or not heard of yet. */
  #latest(view: View): { object: ValueMap; deleted: boolean } {
    const heard = view.get(nameOf(this.created));
    const version = (object: ValueMap) => BigInt(textAt(object, "metadata", "resourceVersion") ?? "0");
    if (!heard) return { object: this.created, deleted: this.#seen };
    this.#seen = true;
    return { object: version(heard) >= version(this.created) ? heard : this.created, deleted: false };
  }
  #seen = false;

  async run(timeoutMs: number): Promise<ValueMap> {
    const [start, name] = [Date.now(), `${kindOf(this.created)} ${idOf(this.created)}`];
    const view = await this.#view(gvkOf(this.created));
    for (const gvk of this.rule.related) await this.#view(gvk);
    let [settledSince, lastState] = [Date.now(), ""];
    for (;;) {
      // Set before looking, so that no change is missed.
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      const { object, deleted } = view ? this.#latest(view) : { object: this.created, deleted: false };
      if (deleted) throw new NotReady(`${name} was deleted while it was waited for`, this.created, []);
      const verdict = this.rule.judge(object, (gvk) => this.#views.get(gvk.kind)?.items() ?? []);
      const [now, state] = [Date.now(), JSON.stringify(verdict)];
      if (state !== lastState) [settledSince, lastState] = [now, state];
      if (verdict.ready || (verdict.settleMs !== undefined && now - settledSince >= verdict.settleMs)) {
        this.engine.status(this.urn, "");
        return object;
      }
      if (verdict.failed !== undefined) throw await this.#giveUp(`${name}: ${verdict.failed}`, object);
      if (this.cancel.aborted) throw await this.#giveUp(`cancelled while waiting for ${name}: ${verdict.status}`, object);
      const left = timeoutMs - (now - start);
      if (left <= 0) throw await this.#giveUp(`${name} is not ready after ${Math.round(timeoutMs / 1000)} s: ${verdict.status}`, object);
      if (now - start >= CURIOUS_MS) await this.#openSurroundings();
      this.#show(object, verdict);
      await this.#pause(changed, Math.min(left, TICK_MS, verdict.settleMs ?? Infinity));
    }
  }

  async #pause(changed: Promise<void>, ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let onCancel = () => undefined as void;
    const timeOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
      onCancel = resolve;
      this.cancel.addEventListener("abort", onCancel, { once: true });
    });
    await Promise.race([changed, timeOver]);
    clearTimeout(timer);
    this.cancel.removeEventListener("abort", onCancel);
  }

  /** What may hold the cause. Not being allowed to see it hinders nothing. */
  async #openSurroundings(): Promise<void> {
    const wanted = this.rule.hasPods ? [POD, EVENT, CLAIM] : [EVENT];
    await Promise.all(wanted.filter((gvk) => !this.#views.has(gvk.kind)).map((gvk) => this.#view(gvk).catch(() => undefined)));
  }
  #around(): Surroundings {
    const items = (gvk: GroupVersionKind) => this.#views.get(gvk.kind)?.items() ?? [];
    return { pods: items(POD), events: items(EVENT), claims: items(CLAIM) };
  }

  #show(object: ValueMap, verdict: Verdict): void {
    const cause = reasons(object, this.#around())[0];
    const line = cause ? `${verdict.status}; ${cause}` : verdict.status;
    if (line === this.#shown) return;
    this.#shown = line;
    this.engine.status(this.urn, line);
  }

  async #giveUp(message: string, object: ValueMap): Promise<NotReady> {
    await this.#openSurroundings();
    const around = this.#around();
    return new NotReady(message, object, [...reasons(object, around), ...(await lastLogs(object, around, this.cluster.api))]);
  }

  close(): void {
    for (const view of this.#views.values()) view.close();
  }
}

/** Whether an object that was just read is ready: reasons if not. For `refresh`; asks only what the rule needs. */
export async function unreadyReasons(object: ValueMap, cluster: Cluster): Promise<readonly string[]> {
  const rule = ruleFor(object);
  if (!rule) return [];
  let slices: readonly ValueMap[] = [];
  if (rule.related.length > 0) {
    const view = await cluster.views.open(ENDPOINT_SLICE, namespaceOf(object), () => undefined);
    slices = view.items();
    view.close();
  }
  const verdict = rule.judge(object, () => slices);
  if (verdict.ready || verdict.settleMs !== undefined) return [];
  if (kindOf(object) === "PersistentVolumeClaim" && (await bindsLater(object, cluster))) return [];
  return [verdict.failed ?? verdict.status];
}

/** Waits until a deleted object is gone, while its finalizers work. */
export async function waitGone(object: ValueMap, cluster: Cluster, timeoutMs: number, urn: string, engine: Engine, cancel: AbortSignal): Promise<void> {
  const start = Date.now();
  const resource = await cluster.discovery.find(gvkOf(object));
  if (!resource) return;
  const uid = textAt(object, "metadata", "uid");
  const path = pathOf(resource, namespaceOf(object), nameOf(object));
  for (let wait = 50; ; wait = Math.min(wait * 2, 1000)) {
    let live: ValueMap;
    try {
      live = await cluster.api.request("GET", path);
    } catch (error) {
      if (isNotFound(error)) return engine.status(urn, "");
      throw error;
    }
    // Another object took the name: ours is gone.
    if (uid !== undefined && textAt(live, "metadata", "uid") !== uid) return;
    const finalizers = at(live, "metadata", "finalizers") ?? at(live, "spec", "finalizers");
    const why = `it is being deleted${Array.isArray(finalizers) ? `; waits for ${finalizers.join(", ")}` : ""}${blockers(live)}`;
    if (cancel.aborted) throw new NotReady(`cancelled while ${kindOf(object)} ${idOf(object)} was being deleted`, live, [why]);
    if (Date.now() - start > timeoutMs)
      throw new NotReady(`${kindOf(object)} ${idOf(object)} is still there after ${Math.round(timeoutMs / 1000)} s`, live, [why]);
    if (wait >= 400) engine.status(urn, why);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** What a namespace says about what is left in it. */
function blockers(live: ValueMap): string {
  if (kindOf(live) !== "Namespace") return "";
  const open = conditionsOf(live)
    .filter((condition) => condition.status === "True")
    .map((condition) => condition.message);
  return open.length > 0 ? `: ${open.join("; ")}` : "";
}
