import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { metadataOf, type StackContext } from "../common/context";
import { databaseRoleLabel, type Part } from "../common/labels";
import { passwordKey } from "./postgres";

export interface DatabaseSecretArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  /** Name of the role, and of its database. */
  readonly role: string;
}

/** The password of one role, for one consumer: a file that libpq and pgx read (`PGPASSFILE`). */
export class DatabaseSecret extends pulumi.ComponentResource {
  constructor(name: string, { context, namespace, role }: DatabaseSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:data:DatabaseSecret", name, {}, opts);
    const part: Part = { name: "postgresql", component: "database", instance: role };
    const metadata = metadataOf(context, name, namespace, part);
    const { result } = new random.RandomPassword(name, { length: 43, special: false }, { parent: this });
    new k8s.core.v1.Secret(
      name,
      {
        metadata: { ...metadata, labels: { ...metadata.labels, [databaseRoleLabel]: role } },
        type: "Opaque",
        stringData: { [passwordKey]: pulumi.secret(pulumi.interpolate`*:*:*:${role}:${result}\n`) },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
