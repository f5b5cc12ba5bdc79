/** Records the connections of this state's dev cluster until its stdin ends, then prints them as JSON. A process of its own, since the state folder is one per process. */
import { once } from "node:events";
import { findCluster } from "../../tools/cluster";
import { dnsPlace } from "../../tools/cluster/addons/dns";
import { recordConnections } from "../../tools/cluster/connections";
import type { ClusterView, Flow } from "../../tools/cluster/flows";

/** What was seen, and where everything was. */
export interface Recorded {
  readonly flows: readonly Flow[];
  readonly view: ClusterView;
}

/** The DNS pods of an embedded cluster listen on this port on both platforms. */
const dnsPort = 5353;

async function main(): Promise<void> {
  const cluster = findCluster("dev");
  if (!cluster) throw new Error("there is no cluster to record");
  const recorder = await recordConnections(cluster);
  process.stdout.write("recording\n");
  await once(process.stdin.resume(), "end");
  const { flows, pods } = await recorder.stop();
  // Its address on the link to the host, and that of the bridge of its pods.
  const { stdout } = await cluster.inNetwork("ip", ["-o", "-4", "addr"]);
  const nodes = [...stdout.matchAll(/inet ([\d.]+)/g)].map(([, address = ""]) => address);
  const { namespace, labels } = dnsPlace(cluster.platform);
  process.stdout.write(JSON.stringify({ flows, view: { pods, nodes, dns: { namespace, labels, port: dnsPort } } } satisfies Recorded));
}

void main();
