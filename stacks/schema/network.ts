/** Ways in and out of the projects, and what a site puts in between. */
import { z } from "zod";
import { cidr, objectName, text } from "./fields";

export const registry = z.strictObject({
  mirror: text(
    /^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9._-]+)*$/,
    "a registry's host, with a port and a path if it has them, without https:// and a slash at the end",
    "registry.example.com/mirror",
  )
    .optional()
    .describe("registry that has the images under the same names and digests; it takes the place of docker.io, quay.io and the like; default: none"),
  pullSecret: objectName
    .optional()
    .describe(
      "name of the Secret that pods pull with; made in each project from `registryCredentials`, or, with `secrets.source: external`, there already; default: none",
    )
    .meta({ examples: ["registry-pull"] }),
});

const credentialsForm = 'the JSON of a .dockerconfigjson: {"auths": …}';

export const registryCredentials = z
  .string()
  .refine(isDockerConfig, credentialsForm)
  .meta({ patternErrorMessage: credentialsForm, examples: ['{"auths":{"registry.example.com":{"auth":"…"}}}'] });

function isDockerConfig(text: string): boolean {
  try {
    const { auths } = JSON.parse(text) as { auths?: unknown };
    return typeof auths === "object" && auths !== null;
  } catch {
    return false;
  }
}

const hostForm = "a host name such as registry.ollama.ai, with *. in front of it for all hosts of a domain";

const certificate = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("platform").describe("the router's or the listener's own, which the cluster's admins renew") }),
  z.strictObject({
    kind: z.literal("cert-manager").describe("made and renewed by cert-manager; needs the capability certManager"),
    issuer: z
      .strictObject({
        name: objectName.describe("its name").meta({ examples: ["letsencrypt"] }),
        kind: z.enum(["Issuer", "ClusterIssuer"]).default("ClusterIssuer").describe("of the platform's project, or of the cluster"),
      })
      .describe("who signs"),
  }),
  z.strictObject({
    kind: z.literal("secret").describe("what is in a Secret of the platform's project, under tls.crt and tls.key; who put it there renews it"),
    name: objectName.describe("name of the Secret").meta({ examples: ["ai-example-com"] }),
  }),
]);

const exposure = z.strictObject({
  gateway: z
    .strictObject({
      name: objectName.describe("its name").meta({ examples: ["public"] }),
      namespace: objectName.describe("its namespace").meta({ examples: ["gateways"] }),
      https: objectName
        .default("https")
        .describe("name of its listener for HTTPS")
        .meta({ examples: ["https"] }),
      http: objectName
        .default("http")
        .describe("name of its listener for HTTP, which only sends to HTTPS")
        .meta({ examples: ["http"] }),
      controllerNamespace: objectName
        .optional()
        .describe("namespace of the pods that pass requests on; default: the Gateway's")
        .meta({ examples: ["envoy-gateway-system"] }),
    })
    .optional()
    .describe("the Gateway of the Gateway API, on kubernetes, where it is needed; default: none"),
  certificate: certificate.prefault({ kind: "platform" }).describe("the certificate that people see"),
});

export const network = z.strictObject({
  exposure: exposure.prefault({}).describe("how what has a host name becomes public: by Routes on openshift, at a Gateway on kubernetes"),
  proxy: z
    .strictObject({
      url: text(/^https?:\/\/[A-Za-z0-9.-]+:[1-9][0-9]{0,4}\/?$/, "http://host:port without a user and a password", "http://proxy.example.com:3128")
        .refine((url) => Number(/:([0-9]+)\/?$/.exec(url)?.[1]) < 65_536, "http://host:port with a port from 1 to 65535")
        .describe("address of the forward proxy"),
      addresses: z
        .array(cidr)
        .min(1)
        .describe("addresses of the proxy: network policies know no names")
        .meta({ examples: [["10.20.0.5/32"]] }),
    })
    .optional()
    .describe("forward proxy for all ways out; reaches every pod and build; default: none"),
  noProxy: z
    .array(text(/^[A-Za-z0-9.*:/_-]+$/, "a host, a domain such as .example.com, or a CIDR", ".example.com"))
    .max(100)
    .default([])
    .describe("hosts besides the cluster's own that are reached without the proxy")
    .meta({ examples: [[".example.com", "10.0.0.0/8"]] }),
  trustedCA: text(
    /^(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\s*)+$/,
    "certificates in PEM, one after another, and nothing else",
    "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
  )
    .optional()
    .describe("certificates of authorities that every pod trusts, besides those of its image; default: none"),
  downloads: z
    .boolean()
    .default(true)
    .describe("model loaders may reach the internet on port 443, or the proxy; false where all comes from images or from `allowedAddresses`"),
  allowedAddresses: z
    .array(cidr)
    .max(100)
    .default([])
    .describe("addresses of the site that model loaders may reach on port 443, such as a mirror's: private ranges are closed otherwise")
    .meta({ examples: [["10.30.0.0/24"]] }),
  allowedHosts: z
    .array(text(/^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, hostForm, "registry.ollama.ai"))
    .max(50)
    .default([])
    .describe("the only hosts of the internet that the project reaches; needs the capability egressFirewall (or rules of the proxy, without this field)")
    .meta({ examples: [["registry.ollama.ai"]] }),
  monitoringNamespace: objectName
    .default("monitoring")
    .describe(
      "namespace of the Prometheus that reads the projects' metrics, on kubernetes; on OpenShift it is known by a label; with the capability monitoring",
    )
    .meta({ examples: ["monitoring"] }),
  promotionTests: z.boolean().default(false).describe("staging's test pods may ask production's models, where both are on one cluster: set it in both stacks"),
});
