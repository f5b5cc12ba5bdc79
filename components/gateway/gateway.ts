import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { gatewayPort, metricsPort } from "../../stacks/connections";
import { adminSecret, applicationSecret, databaseSecret, keysSecret, type GatewayFile } from "../../stacks/gateway";
import type { GatewayConfig } from "../../stacks/schema";
import type { ContainerSize } from "../../stacks/sizing";
import { metadataOf, type StackContext } from "../common/context";
import { Exposure, type ExposureArgs } from "../common/exposure";
import type { Part } from "../common/labels";
import { shortHash } from "../common/names";
import { serviceAddress, type ServiceAddress } from "../common/serviceAddress";
import { Workload } from "../common/workload";
import { podMonitorSpec } from "../observability/podMonitor";
import { proxyProbes, proxyProgram } from "../serving/modelProxy";

export interface GatewayArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  readonly file: GatewayFile;
  readonly applications: GatewayConfig["applications"];
  /** Namespace of each team's project. */
  readonly projects: ReadonlyMap<string, pulumi.Output<string> | undefined>;
  /** Reference of the image of model-proxy. */
  readonly image: string;
  readonly size: ContainerSize;
  readonly replicas: number;
  /** Connections of each pod. */
  readonly connections: number;
  readonly database: DatabaseAccess;
  /** Whether the Secrets are there already. */
  readonly secretsExternal: boolean;
  /** Where it is public, and how; undefined: inside the cluster only. */
  readonly exposure?: Pick<ExposureArgs, "host" | "certificate" | "gateway"> | undefined;
  /** Whether a Prometheus reads its metrics. */
  readonly monitoring: boolean;
}

/** How the gateway reaches its database, which is called as its role is. */
export interface DatabaseAccess {
  readonly host: pulumi.Input<string>;
  readonly port: number;
  /**
   * `password`: the server's certificate is that which both of them bind the password to (SCRAM-SHA-256-PLUS), whoever signed it; `authority`: one that an authority
   * of the image or of the site signed for its name.
   */
  readonly proof: "password" | "authority";
  readonly ready: readonly pulumi.Resource[];
}

const folder = "/etc/gateway";
const configName = "gateway-config";
/** Seconds in which the cluster forgets the address of a pod that goes, and in which answers end. */
const leaveSeconds = 5;
const drainSeconds = 120;

/**
 * The authenticated, OpenAI-compatible API before all pools: keys, limits, budgets, use. Keys and budgets are in its database and change without an `up`; those of
 * applications come from the configuration.
 */
export class Gateway extends pulumi.ComponentResource {
  readonly address: ServiceAddress;
  readonly workload: Workload;

  constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:gateway:Gateway", name, {}, opts);
    const { context, namespace, file, database } = args;
    const part: Part = { name: "model-proxy", component: "gateway", instance: name };

    const config = new k8s.core.v1.ConfigMap(
      configName,
      { metadata: metadataOf(context, configName, namespace, part), data: { "gateway.json": JSON.stringify(file, undefined, 2) } },
      { parent: this },
    );
    const secrets = args.secretsExternal ? [] : this.secrets(args, part);
    const keys = args.applications.length > 0;
    const secret = (volume: string, secretName: string) => ({ name: volume, secret: { secretName, defaultMode: 0o440 } });

    this.workload = new Workload(
      name,
      {
        context,
        namespace,
        part,
        replicas: args.replicas,
        surge: true,
        ports: { http: { port: gatewayPort, targetPort: "http" } },
        after: [config, ...secrets, ...database.ready],
        pod: {
          priorityClassName: "ai-serving",
          container: {
            name: "gateway",
            image: args.image,
            command: [proxyProgram, "gateway"],
            env: {
              MODEL_PROXY_LISTEN: `:${gatewayPort}`,
              MODEL_PROXY_METRICS_LISTEN: `:${metricsPort}`,
              MODEL_PROXY_CONFIG: `${folder}/config/gateway.json`,
              MODEL_PROXY_ADMIN_KEY_FILE: `${folder}/admin/key`,
              ...(keys ? { MODEL_PROXY_KEYS: `${folder}/keys` } : {}),
              MODEL_PROXY_CONNECTIONS: String(args.connections),
              MODEL_PROXY_DRAIN_SECONDS: String(drainSeconds),
              PGHOST: database.host,
              PGPORT: String(database.port),
              PGDATABASE: name,
              PGUSER: name,
              PGPASSFILE: `${folder}/database/pgpass`,
              PGCONNECT_TIMEOUT: "3",
              ...(database.proof === "password" ? { PGSSLMODE: "require", PGCHANNELBINDING: "require" } : { PGSSLMODE: "verify-full" }),
            },
            resources: args.size,
            mounts: ["config", "admin", ...(keys ? ["keys"] : []), "database"].map((volume) => ({
              name: volume,
              mountPath: `${folder}/${volume}`,
              readOnly: true,
            })),
            ports: { http: gatewayPort, metrics: metricsPort },
            probes: proxyProbes(),
            preStop: { seconds: leaveSeconds },
          },
          volumes: [
            { name: "config", configMap: { name: configName } },
            secret("admin", adminSecret),
            ...(keys ? [secret("keys", keysSecret)] : []),
            secret("database", databaseSecret),
          ],
          stopSeconds: leaveSeconds + drainSeconds + 10,
          versions: { gateway: shortHash([file, args.applications.map(({ name: application, rotation }) => [application, rotation])]) },
        },
      },
      { parent: this },
    );
    if (args.exposure) {
      new Exposure(
        name,
        {
          context,
          namespace,
          workload: this.workload,
          port: "http",
          authentication: { kind: "bearer", by: "model-proxy" },
          rateLimit: { of: "requests and tokens per key", by: "model-proxy" },
          ...args.exposure,
        },
        { parent: this },
      );
    }
    if (args.monitoring) {
      new k8s.apiextensions.CustomResource(
        `${name}-pods`,
        {
          apiVersion: "monitoring.coreos.com/v1",
          kind: "PodMonitor",
          metadata: metadataOf(context, name, namespace, part),
          spec: podMonitorSpec(name, ["gateway"]),
        },
        { parent: this },
      );
    }
    this.address = serviceAddress(this.workload.service, gatewayPort);
    this.registerOutputs({ address: this.address });
  }

  /** The administrator's key; and those of applications, once for the gateway, and each in the project of its team. */
  private secrets({ context, namespace, applications, projects }: GatewayArgs, part: Part): readonly pulumi.Resource[] {
    const secret = (name: string, where: pulumi.Output<string>, stringData: Record<string, pulumi.Output<string>>) =>
      new k8s.core.v1.Secret(name, { metadata: metadataOf(context, name, where, part), type: "Opaque", stringData }, { parent: this });
    const keys = applications.map(({ name, team, rotation }) => ({ name, team, key: this.key(applicationSecret(name), { rotation: String(rotation) }) }));
    return [
      secret(adminSecret, namespace, { key: this.key(adminSecret) }),
      ...(keys.length === 0 ? [] : [secret(keysSecret, namespace, Object.fromEntries(keys.map(({ name, key }) => [name, key])))]),
      ...keys.map(({ name, team, key }) => {
        const project = projects.get(team);
        if (project === undefined) throw new Error(`application ${name}: no project of team ${team}`);
        return secret(applicationSecret(name), project, { key });
      }),
    ];
  }

  /** As the gateway makes keys itself: what it is, eight characters that may be shown, and 256 bits that may not. */
  private key(name: string, keepers: Record<string, string> = {}): pulumi.Output<string> {
    const id = new random.RandomString(`${name}-id`, { length: 8, special: false, upper: false, keepers }, { parent: this });
    const { result } = new random.RandomPassword(name, { length: 43, special: false, keepers }, { parent: this });
    return pulumi.secret(pulumi.interpolate`oap_${id.result}_${result}`);
  }
}
