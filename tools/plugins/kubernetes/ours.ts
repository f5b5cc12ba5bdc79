/** This stand-in writes to clusters that this project started, and to no other one unless that is asked for. */
import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { listAt, mapAt, textAt } from "../lib/values";
import { connect, readKubeconfig, type Connection } from "./kubeconfig";

/** Whether a kubeconfig of the embedded clusters names the same server with the same CA. */
function isEmbedded(connection: Connection, kubeconfig: string): boolean {
  if (!existsSync(kubeconfig)) return false;
  const { config } = readKubeconfig(kubeconfig);
  return listAt(config, "contexts").some((context) => {
    try {
      const known = connect(kubeconfig, { context: textAt(context, "name"), cluster: textAt(mapAt(context, "context"), "cluster") });
      return known.server === connection.server && known.tls.ca !== undefined && known.tls.ca.trim() === connection.tls.ca?.trim();
    } catch {
      return false;
    }
  });
}

/** @throws Error when the cluster is not ours and nobody said that this is fine */
export function requireOurs(connection: Connection, env: NodeJS.ProcessEnv = process.env): void {
  if (env.OAP_STANDIN_ANY_CLUSTER === "1") return;
  const ours = (env.OAP_EMBEDDED_KUBECONFIG ?? "").split(delimiter).filter(Boolean);
  if (ours.some((kubeconfig) => isEmbedded(connection, kubeconfig))) return;
  throw new Error(
    `context ${connection.context} (${connection.server}) is not an embedded cluster of this clone. The stand-in of the kubernetes plugin changes only those.\n` +
      "  For your own cluster, install the official plugin:  pulumi plugin install resource kubernetes\n" +
      "  To use the stand-in on it all the same, set OAP_STANDIN_ANY_CLUSTER=1",
  );
}
