import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { certificateSpec, certManager, type Issuer } from "./certificate";
import { metadataOf, type StackContext } from "./context";
import { exposureProfiles, type AddressLimits, type ExposureProfile, type GatewayReference, type Timeouts } from "./exposureProfile";
import type { Workload } from "./workload";

/**
 * The certificate that people see, and who renews it.
 *
 * - `platform`: the router's or the listener's own; the cluster's admins (on OpenShift the ingress operator, for its default certificate).
 * - `cert-manager`: made by the issuer; cert-manager, 30 days before it ends.
 * - `secret`: what is in a Secret of the project (`tls.crt`, `tls.key`); whoever put it there. Router and listener take a new one when the Secret changes.
 *
 * On Kubernetes a certificate belongs to a listener, which is not ours: for the latter two, the listener must name the Secret; the project lets it read that one.
 */
export type ServedCertificate =
  { readonly kind: "platform" } | { readonly kind: "cert-manager"; readonly issuer: Issuer } | { readonly kind: "secret"; readonly name: string };

/** What asks people or programs who they are before they reach anything. */
export interface Authentication {
  /** Log-in with the company's accounts, or a key in each request. */
  readonly kind: "oidc" | "bearer";
  /** The software that does so: `open-webui`, `oauth2-proxy`. */
  readonly by: string;
}

/** What limits clients: the server itself, or the Gateway by a policy of its own. */
export interface RateLimit {
  /** `requests per key` */
  readonly of: string;
  /** The software that does so: `litellm`, `envoy-gateway`. */
  readonly by: string;
}

export interface ExposureArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Input<string>;
  /** What answers. Never a model server, which asks nobody who they are. Its policies must let the router in (stacks/connections.ts). */
  readonly workload: Workload;
  /** Name of the port of its Service; plain HTTP. */
  readonly port: string;
  /** `chat.apps.example.com` */
  readonly host: string;
  readonly authentication: Authentication;
  readonly certificate: ServedCertificate;
  /** The Gateway; on Kubernetes only, and needed there. */
  readonly gateway?: GatewayReference | undefined;
  /** Seconds. @default 600 of silence, 3600 of silence after an upgrade, 3600 for an answer */
  readonly timeouts?: Timeouts;
  /** Of one client address; on OpenShift only, since the Gateway API has none. @default 200 connections, 100 new ones in 3 s, 1000 requests in 10 s */
  readonly limits?: AddressLimits;
  /** Who limits what one client may send, as reviewers read it (policy 37); on Kubernetes it has to be said, since nothing in front does. */
  readonly rateLimit?: RateLimit | undefined;
}

const defaultTimeouts: Timeouts = { idle: 600, tunnel: 3600, answer: 3600 };
const defaultLimits: AddressLimits = { connections: 200, newConnections: 100, requests: 1000 };

/** Makes a Service public under a host name, by HTTPS; what comes by HTTP is sent there. Needs the Gateway API on Kubernetes, cert-manager for its certificates. */
export class Exposure extends pulumi.ComponentResource {
  /** `https://chat.apps.example.com` */
  readonly url: string;

  constructor(name: string, args: ExposureArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:common:Exposure", name, {}, opts);
    const { context, namespace, workload, host, certificate } = args;
    const profile = exposureProfiles[context.profile.name];
    const problems = problemsOf(args, profile);
    if (problems.length > 0) throw new pulumi.ResourceError(`exposure ${name}:\n${problems.map((line) => `  ${line}`).join("\n")}`, this);
    const metadata = (suffix: string, annotations: Readonly<Record<string, string>> = {}) => ({
      ...metadataOf(context, `${name}${suffix}`, namespace, workload.part),
      annotations: {
        "openshift-ai-platform/authentication": `${args.authentication.kind} by ${args.authentication.by}`,
        ...(args.rateLimit === undefined ? {} : { "openshift-ai-platform/rate-limit": `${args.rateLimit.of} by ${args.rateLimit.by}` }),
        ...annotations,
      },
    });
    const { apiextensions } = k8s;

    const before: pulumi.Resource[] = [];
    if (certificate.kind === "cert-manager") {
      before.push(
        new apiextensions.CustomResource(
          `${name}-certificate`,
          {
            apiVersion: `${certManager}/v1`,
            kind: "Certificate",
            // The Secret must be there before anything names it.
            metadata: metadata("", { "pulumi.com/waitFor": "condition=Ready" }),
            spec: certificateSpec(`${name}-tls`, [host], certificate.issuer),
          },
          { parent: this },
        ),
      );
    }

    const secret = certificate.kind === "platform" ? undefined : certificate.kind === "secret" ? certificate.name : `${name}-tls`;
    const objects = profile.objects({
      name,
      host,
      service: workload.service.metadata.name,
      port: { name: args.port, number: workload.ports[args.port]?.port ?? 0 },
      timeouts: args.timeouts ?? defaultTimeouts,
      limits: args.limits ?? defaultLimits,
      secret,
      gateway: args.gateway,
    });
    for (const { suffix, apiVersion, kind, annotations, fields } of objects) {
      before.push(
        new apiextensions.CustomResource(
          `${name}${suffix}`,
          { apiVersion, kind, metadata: metadata(suffix, annotations), ...fields },
          { parent: this, dependsOn: [...before] },
        ),
      );
    }

    this.url = `https://${host}`;
    this.registerOutputs({ url: this.url });
  }
}

/** A line for each mistake: field, value, what is allowed, fix. */
function problemsOf({ workload, port, host, authentication, rateLimit, gateway }: ExposureArgs, { needsGateway, limits }: ExposureProfile): readonly string[] {
  const problems: string[] = [];
  if (workload.part.component === "model-server") {
    problems.push("workload is a model server; allowed: what asks who its users are; fix: expose the gateway in front of it");
  }
  if (authentication.by.trim() === "") problems.push('authentication.by is ""; allowed: the software that authenticates; fix: name it');
  if (!Object.hasOwn(workload.ports, port)) {
    problems.push(`port is ${JSON.stringify(port)}; allowed: ${Object.keys(workload.ports).join(", ")}; fix: name a port of the Service`);
  }
  if (!/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(host)) {
    problems.push(`host is ${JSON.stringify(host)}; allowed: a host name in lower case, such as chat.apps.example.com; fix: name one`);
  }
  if (rateLimit === undefined && !limits) {
    problems.push("rateLimit is missing; allowed: what is limited, and the software that does so; fix: name it, since the Gateway API has no limits");
  }
  for (const field of ["of", "by"] as const) {
    if (rateLimit?.[field].trim() === "") problems.push(`rateLimit.${field} is ""; allowed: a text, such as "requests per key" by "litellm"; fix: say it`);
  }
  if (needsGateway && gateway === undefined) problems.push("gateway is missing; allowed: name, namespace and listeners of a Gateway; fix: name it");
  return problems;
}
