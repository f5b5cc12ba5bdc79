/** How a Service becomes public on each platform, one object each: a Route, or HTTPRoutes at a Gateway. Pure. */
import type * as pulumi from "@pulumi/pulumi";
import type { PlatformProfile } from "./platform";

/** A listener's Gateway; the cluster's admins run it, with a listener for each port. */
export interface GatewayReference {
  readonly name: string;
  readonly namespace: string;
  /** Names of its listeners. */
  readonly https: string;
  readonly http: string;
}

/** Seconds. */
export interface Timeouts {
  /** Longest silence within an answer; the first token of a long prompt may take minutes. */
  readonly idle: number;
  /** Longest silence of a connection that was upgraded: web sockets of workspaces and chat. */
  readonly tunnel: number;
  /** Longest answer, streamed or not. */
  readonly answer: number;
}

/** Of one client address. People behind one address translation share it, so these only stop floods; limits per key are the gateway's. */
export interface AddressLimits {
  /** Open connections. */
  readonly connections: number;
  /** New connections within 3 s. */
  readonly newConnections: number;
  /** Requests within 10 s. */
  readonly requests: number;
}

export interface Exposed {
  readonly name: string;
  readonly host: string;
  readonly service: pulumi.Input<string>;
  /** Of the Service. */
  readonly port: { readonly name: string; readonly number: number };
  readonly timeouts: Timeouts;
  readonly limits: AddressLimits;
  /** Secret with the certificate; undefined: the platform has one. */
  readonly secret: string | undefined;
  readonly gateway: GatewayReference | undefined;
}

/** An object to be made, with all but its metadata. */
export interface ExposureObject {
  readonly suffix: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ExposureProfile {
  /** Whether a Gateway has to be named. */
  readonly needsGateway: boolean;
  /** Whether what is in front limits each client address. */
  readonly limits: boolean;
  /** In the order in which they are made: who reads the certificate, then what is public. */
  readonly objects: (exposed: Exposed) => readonly ExposureObject[];
}

/** A year, and this host only: others below it are not ours. */
const strictTransport = "max-age=31536000";

export const exposureProfiles: Readonly<Record<PlatformProfile["name"], ExposureProfile>> = {
  openshift: {
    needsGateway: false,
    limits: true,
    objects: (exposed) => [...(exposed.secret === undefined ? [] : routerRights(exposed.name, exposed.secret)), route(exposed)],
  },
  kubernetes: {
    needsGateway: true,
    limits: false,
    objects: (exposed) => {
      const { gateway, secret } = exposed;
      if (gateway === undefined) throw new Error(`exposure ${exposed.name}: no gateway`);
      return [...(secret === undefined ? [] : [grant(secret, gateway)]), httpRoute(exposed, gateway), redirect(exposed, gateway)];
    },
  },
};

/** The API server refuses a Route whose certificate the router can't read. */
function routerRights(name: string, secret: string): readonly ExposureObject[] {
  const apiGroup = "rbac.authorization.k8s.io";
  const common = { suffix: "-certificate", apiVersion: `${apiGroup}/v1` };
  return [
    { ...common, kind: "Role", fields: { rules: [{ apiGroups: [""], resources: ["secrets"], resourceNames: [secret], verbs: ["get", "list", "watch"] }] } },
    {
      ...common,
      kind: "RoleBinding",
      fields: {
        roleRef: { apiGroup, kind: "Role", name: `${name}-certificate` },
        subjects: [{ kind: "ServiceAccount", name: "router", namespace: "openshift-ingress" }],
      },
    },
  ];
}

function route({ host, service, port, timeouts, limits, secret }: Exposed): ExposureObject {
  const annotation = "haproxy.router.openshift.io";
  return {
    suffix: "",
    apiVersion: "route.openshift.io/v1",
    kind: "Route",
    annotations: {
      // 30 s else. HAProxy has no limit for a whole answer.
      [`${annotation}/timeout`]: `${timeouts.idle}s`,
      [`${annotation}/timeout-tunnel`]: `${timeouts.tunnel}s`,
      [`${annotation}/hsts_header`]: strictTransport,
      // The three others count only with this one.
      [`${annotation}/rate-limit-connections`]: "true",
      [`${annotation}/rate-limit-connections.concurrent-tcp`]: String(limits.connections),
      [`${annotation}/rate-limit-connections.rate-tcp`]: String(limits.newConnections),
      [`${annotation}/rate-limit-connections.rate-http`]: String(limits.requests),
    },
    fields: {
      spec: {
        host,
        to: { kind: "Service", name: service, weight: 100 },
        port: { targetPort: port.name },
        tls: {
          termination: "edge",
          insecureEdgeTerminationPolicy: "Redirect",
          ...(secret === undefined ? {} : { externalCertificate: { name: secret } }),
        },
        wildcardPolicy: "None",
      },
    },
  };
}

const gatewayApi = "gateway.networking.k8s.io";

/** Lets the Gateway's namespace use the certificate: its listener names the Secret. */
function grant(secret: string, { namespace }: GatewayReference): ExposureObject {
  return {
    suffix: "-certificate",
    apiVersion: `${gatewayApi}/v1beta1`, // v1 is not served by all releases of the Gateway API, this one is
    kind: "ReferenceGrant",
    fields: { spec: { from: [{ group: gatewayApi, kind: "Gateway", namespace }], to: [{ group: "", kind: "Secret", name: secret }] } },
  };
}

function httpRoute({ host, service, port, timeouts }: Exposed, gateway: GatewayReference): ExposureObject {
  return {
    suffix: "",
    apiVersion: `${gatewayApi}/v1`,
    kind: "HTTPRoute",
    fields: {
      spec: {
        parentRefs: [parent(gateway, gateway.https)],
        hostnames: [host],
        rules: [
          {
            matches: [{ path: { type: "PathPrefix", value: "/" } }],
            filters: [{ type: "ResponseHeaderModifier", responseHeaderModifier: { set: [{ name: "Strict-Transport-Security", value: strictTransport }] } }],
            backendRefs: [{ group: "", kind: "Service", name: service, port: port.number, weight: 1 }],
            // The API knows no limit for silence; some controllers have none for the whole either.
            timeouts: { request: `${timeouts.answer}s` },
          },
        ],
      },
    },
  };
}

function redirect({ host }: Exposed, gateway: GatewayReference): ExposureObject {
  return {
    suffix: "-redirect",
    apiVersion: `${gatewayApi}/v1`,
    kind: "HTTPRoute",
    fields: {
      spec: {
        parentRefs: [parent(gateway, gateway.http)],
        hostnames: [host],
        rules: [
          {
            matches: [{ path: { type: "PathPrefix", value: "/" } }],
            filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https", statusCode: 301 } }],
          },
        ],
      },
    },
  };
}

function parent({ name, namespace }: GatewayReference, sectionName: string): Record<string, string> {
  return { group: gatewayApi, kind: "Gateway", name, namespace, sectionName };
}
