import type { ExecOptions, ExecResult } from "../lib/exec";
import type { AddonName } from "./addons/optional";

export type Platform = "openshift" | "kubernetes";

/** real: containers on this machine (root on Linux). simulated: a real control plane, nodes and pods that only exist as objects. */
export type Flavor = "real" | "simulated";

export interface ClusterOptions {
  readonly name: string;
  readonly platform: Platform;
  readonly flavor: Flavor;
  /** GPUs that each node shows, @default 1 */
  readonly gpus?: number;
  /** simulated nodes, @default 3; a real cluster has one node */
  readonly nodes?: number;
  /** optional add-ons, beside those that the cluster has already; @default none */
  readonly addons?: readonly AddonName[];
}

export interface Cluster {
  readonly name: string;
  /** `.state/clusters/<name>` */
  readonly dir: string;
  readonly platform: Platform;
  readonly flavor: Flavor;
  /** Its optional add-ons. */
  readonly addons: readonly AddonName[];
  /** Path of a kubeconfig whose only context is `context`. */
  readonly kubeconfig: string;
  readonly context: string;
  /** Directory that holds kubectl. */
  readonly programs: string;
  kubectl(args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** containerd's client, in the namespace of Kubernetes' images. Real clusters only. */
  ctr(args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Runs a program in the cluster's network namespace, with the host's files: for load tests and for looking at connections. Real clusters only. */
  inNetwork(command: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
}
