/** What is the same in every embedded cluster. */

/** Addresses of Services and pods; they exist in the cluster's own network namespace only. */
export const serviceCidr = "10.96.0.0/16";
export const podCidr = "10.244.0.0/16";
export const apiServiceAddress = "10.96.0.1";
export const dnsServiceAddress = "10.96.0.10";
export const clusterDomain = "cluster.local";

export const nodeName = "node1";
export const apiPort = 6443;

export const pauseImage = "registry.k8s.io/pause:3.10.1";

/** Field manager of everything that the embedded cluster applies. */
export const fieldManager = "embedded-cluster";
