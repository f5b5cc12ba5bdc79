import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const provider = new k8s.Provider("cluster", { kubeconfig: config.require("kubeconfig"), context: config.require("context"), clusterIdentifier: "bench" });
const namespace = new k8s.core.v1.Namespace("bench", { metadata: { name: "bench-configmaps" } }, { provider });
for (let i = 0; i < config.requireNumber("count"); i++) {
  new k8s.core.v1.ConfigMap(`item-${i}`, { metadata: { name: `item-${i}`, namespace: namespace.metadata.name }, data: { value: `${i}` } }, { provider });
}
