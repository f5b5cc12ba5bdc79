/** How a site's proxy and certificate authorities reach a container. Pure; builds use it as pods do. */
import type { types } from "@pulumi/kubernetes";
import type { Site } from "./context";

/** In each project where the site has authorities of its own. */
export const trustedCA = { configMap: "trusted-ca", key: "ca.crt", path: "/etc/trusted-ca" } as const;

const volumeName = "trusted-ca";

/**
 * What no proxy can reach: the pod itself and all that has a name in the cluster. The API server is asked by its address, which the kubelet puts in here;
 * other addresses of the cluster are known to nobody but the site (`network.noProxy` takes CIDRs).
 */
export const clusterHosts = ["localhost", "127.0.0.1", "::1", ".svc", ".cluster.local", "$(KUBERNETES_SERVICE_HOST)"] as const;

/** Hosts that are reached without the proxy, each once. @param cluster hosts that always are; of a build outside the cluster, those that it has */
export function noProxyOf(site: Site, cluster: readonly string[] = clusterHosts): string {
  return [...new Set([...cluster, ...(site.proxy?.noProxy ?? [])])].join(",");
}

/**
 * Variables for programs in Go and Node.js, curl, pip and Git. Some read the one spelling of a proxy's variables, some the other.
 *
 * Go adds what is in SSL_CERT_DIR to the authorities of the image's bundle (crypto/x509/root_unix.go), Node.js adds NODE_EXTRA_CA_CERTS to its own. OpenSSL
 * takes from a folder only what is named by a hash: a program that uses it, such as Python, needs a bundle made of both.
 */
export function siteEnv(site: Site): Readonly<Record<string, string>> {
  const noProxy = noProxyOf(site);
  const proxy = site.proxy && {
    HTTP_PROXY: site.proxy.url,
    HTTPS_PROXY: site.proxy.url,
    NO_PROXY: noProxy,
    http_proxy: site.proxy.url,
    https_proxy: site.proxy.url,
    no_proxy: noProxy,
  };
  const trust = site.trustedCA && {
    // Where images of Debian, Red Hat and Alpine have theirs, then the site's.
    SSL_CERT_DIR: `/etc/ssl/certs:/etc/pki/tls/certs:${trustedCA.path}`,
    NODE_EXTRA_CA_CERTS: `${trustedCA.path}/${trustedCA.key}`,
  };
  return { ...proxy, ...trust };
}

export function siteVolumes(site: Site): types.input.core.v1.Volume[] {
  return site.trustedCA ? [{ name: volumeName, configMap: { name: trustedCA.configMap } }] : [];
}

export function siteMounts(site: Site): types.input.core.v1.VolumeMount[] {
  return site.trustedCA ? [{ name: volumeName, mountPath: trustedCA.path, readOnly: true }] : [];
}
