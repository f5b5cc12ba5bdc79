import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { databasePort } from "../../stacks/connections";
import { parseBytes } from "../../stacks/quantities";
import type { ContainerSize } from "../../stacks/sizing";
import { metadataOf, retainedMetadata, type StackContext } from "../common/context";
import { selectorOf, type Part } from "../common/labels";
import { shortHash } from "../common/names";
import { podTemplate, type Probe } from "../common/podTemplate";

export interface PostgresArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  /** Reference. */
  readonly image: string;
  readonly size: ContainerSize;
  readonly volume: { readonly class: string | undefined; readonly size: string };
  readonly maxConnections: number;
  /** Secrets by the name of the role and of the database that each is for. */
  readonly roles: Readonly<Record<string, { readonly secretName: string; readonly ready: readonly pulumi.Resource[] }>>;
}

/** Key of a role's Secret: a line of libpq's password file. */
export const passwordKey = "pgpass";

/** The folder below the mount, so that a volume may come with files of its own. */
const dataPath = "/var/lib/postgresql/data";
const script = "postgres.sh";

/**
 * One PostgreSQL on a volume that outlives the stack. At each start, and when a Secret changes, it makes the roles and databases that there are Secrets for and
 * gives them these passwords: a volume that is taken over by a new stack knows the new stack's passwords (docs/adr/0009).
 *
 * A StatefulSet of one: unlike a Deployment it never has a second pod while the first may still write.
 */
export class Postgres extends pulumi.ComponentResource {
  /** Name of the Service. */
  readonly host: pulumi.Output<string>;
  /** What those who ask it wait for. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:data:Postgres", name, {}, opts);
    const { context, namespace, size, volume } = args;
    const part: Part = { name: "postgresql", component: "database", instance: name };
    const metadata = metadataOf(context, name, namespace, part);
    const text = readFileSync(join(__dirname, "scripts", script), "utf8");

    const claim = new k8s.core.v1.PersistentVolumeClaim(
      name,
      {
        metadata: retainedMetadata(context, name, namespace, part),
        spec: {
          accessModes: ["ReadWriteOnce"],
          ...(volume.class === undefined ? {} : { storageClassName: volume.class }),
          resources: { requests: { storage: volume.size } },
        },
      },
      { parent: this, ...context.retained },
    );
    const scriptsName = `${name}-scripts`;
    const scripts = new k8s.core.v1.ConfigMap(
      scriptsName,
      { metadata: metadataOf(context, scriptsName, namespace, part), data: { [script]: text } },
      { parent: this },
    );
    const account = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, { parent: this });
    const service = new k8s.core.v1.Service(
      name,
      {
        // Its pod may be restarting; nothing to wait for.
        metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
          type: "ClusterIP",
          selector: selectorOf(part),
          ports: [{ name: "postgresql", port: databasePort, targetPort: "postgresql", protocol: "TCP" }],
        },
      },
      { parent: this },
    );

    const roles = Object.entries(args.roles);
    const server = new k8s.apps.v1.StatefulSet(
      name,
      {
        metadata,
        spec: {
          replicas: 1,
          serviceName: name,
          // Else a version that never gets ready is waited for, and what would mend it is not made (Kubernetes' documentation: "Forced rollback").
          podManagementPolicy: "Parallel",
          selector: { matchLabels: selectorOf(part) },
          updateStrategy: { type: "RollingUpdate" },
          revisionHistoryLimit: 5,
          template: podTemplate(context, {
            part,
            priorityClassName: "ai-serving",
            serviceAccountName: name,
            container: {
              name: "postgres",
              image: args.image,
              command: ["/bin/bash", `/scripts/${script}`],
              args: serverArgs(size, args.maxConnections),
              env: { PGDATA: `${dataPath}/pgdata` },
              resources: size,
              writable: { "/run/postgresql": "16Mi", "/tmp": "64Mi" },
              mounts: [
                { name: "data", mountPath: dataPath },
                { name: "scripts", mountPath: "/scripts", readOnly: true },
                { name: "roles", mountPath: "/etc/postgres/roles", readOnly: true },
              ],
              ports: { postgresql: databasePort },
              probes: probes(),
            },
            volumes: [
              { name: "data", persistentVolumeClaim: { claimName: name } },
              { name: "scripts", configMap: { name: scriptsName } },
              {
                name: "roles",
                projected: {
                  sources: roles.map(([role, { secretName }]) => ({ secret: { name: secretName, items: [{ key: passwordKey, path: role }] } })),
                },
              },
            ],
            // A fast shutdown writes a checkpoint of all that is in memory.
            stopSeconds: 60,
            versions: { scripts: shortHash(text) },
          }),
        },
      },
      {
        parent: this,
        dependsOn: [claim, scripts, account, service, ...roles.flatMap(([, { ready }]) => ready)],
        customTimeouts: { create: "11m", update: "11m" },
      },
    );
    this.host = service.metadata.name;
    this.ready = [server];
    this.registerOutputs({ host: this.host });
  }
}

/** A quarter of the memory for the cache, as PostgreSQL's documentation advises; the operating system caches what is in files. */
function serverArgs({ requests }: ContainerSize, maxConnections: number): readonly string[] {
  const settings = {
    ssl: "on",
    ssl_cert_file: "/tmp/server.crt",
    ssl_key_file: "/tmp/server.key",
    ssl_min_protocol_version: "TLSv1.3",
    hba_file: "/tmp/pg_hba.conf",
    listen_addresses: "*",
    port: String(databasePort),
    unix_socket_directories: "/run/postgresql",
    password_encryption: "scram-sha-256",
    max_connections: String(maxConnections),
    shared_buffers: `${parseBytes(requests.memory) / 4n / (1n << 20n)}MB`,
    // Its own shared memory is a file system of 64 MiB in a container.
    dynamic_shared_memory_type: "mmap",
    // Images without the compiler's library have it off too.
    jit: "off",
    // A client that went away without a word is noticed.
    tcp_keepalives_idle: "60",
    tcp_keepalives_interval: "10",
    tcp_keepalives_count: "3",
    logging_collector: "off",
    // Statements hold no secrets, but what they are given may.
    log_parameter_max_length: "0",
    log_parameter_max_length_on_error: "0",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

function probes() {
  const exec = (...command: readonly string[]): Probe => ({ exec: { command: [...command] }, timeoutSeconds: 5 });
  const answers = "PATH=$(echo /usr/lib/postgresql/*/bin):$PATH pg_isready -q -h /run/postgresql -U postgres";
  return {
    // A start after a crash reads the log back.
    startup: { ...exec("/bin/bash", "-c", `${answers} && test -e /run/postgresql/roles-applied`), periodSeconds: 2, failureThreshold: 300 },
    readiness: { ...exec("/bin/bash", "-c", answers), periodSeconds: 5, failureThreshold: 3 },
    // Alive while the server's process is; one that recovers must not be killed for it.
    liveness: { ...exec("/bin/bash", "-c", 'kill -0 "$(head -n 1 "$PGDATA/postmaster.pid")"'), periodSeconds: 20, failureThreshold: 3 },
  };
}
