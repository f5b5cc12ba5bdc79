/** Records every connection that is made in a cluster, with the pods that there were: real clusters only. */
import { setTimeout as sleep } from "node:timers/promises";
import { hostTools } from "../toolchain/hosttools";
import { flowOf, type Flow, type SeenPod } from "./flows";
import type { Cluster } from "./types";

export interface Recording {
  readonly flows: readonly Flow[];
  /** Pods that had an address at any time of the recording. Addresses are given out in turn, so that none is used twice in a while. */
  readonly pods: readonly SeenPod[];
}

export interface Recorder {
  /** Ends the recording. @throws Error when connections were missed: conntrack ended before, or could not keep up */
  stop(): Promise<Recording>;
}

/** Printed once per pod and change of it. No tabs between them: kubectl makes columns of spaces of those, in a watch. */
const podColumns = String.raw`jsonpath={.metadata.namespace}|{.metadata.name}|{.status.podIP}|{.spec.hostNetwork}|{.metadata.labels}{"\n"}`;

/** Bytes of kernel memory for events that were not read yet. */
const bufferSize = 8 << 20;

/** Starts to record; returns when no connection can be missed any more. @throws UserError for a cluster that is simulated or does not run */
export async function recordConnections(cluster: Cluster): Promise<Recorder> {
  const { env } = await hostTools(["conntrack", "nsenter"]);
  const flows = new Map<string, Flow>();
  const pods = new Map<string, SeenPod>();
  const end = new AbortController();
  let heard = false;
  let trouble: string | undefined;

  const onEvent = (line: string) => {
    heard ||= line.includes("[NEW]");
    if (/ENOBUFS|losing events|Operation failed/i.test(line)) trouble = line.trim();
    const flow = flowOf(line);
    if (flow) flows.set(Object.values(flow).join(" "), flow);
  };
  const listening = cluster
    .inNetwork("conntrack", ["-E", "-e", "NEW", "--buffer-size", String(bufferSize)], { env, signal: end.signal, onLine: onEvent, allowFailure: true })
    .then(
      ({ code, stderr }) => (trouble ??= `conntrack ended with status ${code}: ${stderr.trim()}`),
      (error: unknown) => {
        if (!end.signal.aborted) trouble ??= String(error);
      },
    );
  const watching = watchPods(cluster, end.signal, (pod) => pods.set(`${pod.address} ${pod.namespace}/${pod.name}`, pod));

  // It says nothing when it has begun: a connection that nobody answers is made until it is told of.
  for (const limit = Date.now() + 10_000; !heard && trouble === undefined && Date.now() < limit; await sleep(50)) {
    await cluster.inNetwork("bash", ["-c", ": </dev/tcp/127.0.0.1/9"], { env, allowFailure: true, timeoutMs: 1000 });
  }
  if (!heard) trouble ??= "conntrack told of no connection within 10 s";

  const stop = async (): Promise<Recording> => {
    end.abort();
    await Promise.all([listening, watching]);
    if (trouble !== undefined) throw new Error(`connections were not recorded: ${trouble}`);
    return { flows: [...flows.values()], pods: [...pods.values()] };
  };
  if (trouble !== undefined) await stop();
  return { stop };
}

/** Tells of each pod with an address of its own; begins anew where the API server closes the watch, until it is stopped. */
async function watchPods(cluster: Cluster, signal: AbortSignal, found: (pod: SeenPod) => void): Promise<void> {
  const onLine = (line: string) => {
    const pod = podOf(line);
    if (pod) found(pod);
  };
  while (!signal.aborted) {
    await cluster
      .kubectl(["get", "pods", "--all-namespaces", "--watch", "--output", podColumns], { signal, onLine, allowFailure: true })
      .catch(() => undefined);
    if (!signal.aborted) await sleep(200);
  }
}

/** @param line as `podColumns` has it @returns undefined for a pod without an address, or with that of its node */
export function podOf(line: string): SeenPod | undefined {
  const [namespace, name, address, hostNetwork, labels] = line.split("|");
  if (!namespace || !name || !address || hostNetwork === "true") return undefined;
  return { address, namespace, name, labels: JSON.parse(labels || "{}") as Readonly<Record<string, string>> };
}
