import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { certificateSpec, certManager, type Issuer } from "./certificate";
import { metadataOf, type StackContext } from "./context";
import type { Part } from "./labels";
import type { PlatformProfile } from "./platform";
import type { Volume } from "./podTemplate";

export interface ServingCertificateArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Input<string>;
  readonly part: Part;
  /** Name of the Service: that of its Workload. */
  readonly service: string;
  /** Who signs; needed on Kubernetes. OpenShift has an authority of its own for Services. */
  readonly issuer?: Issuer | undefined;
}

interface Signer {
  /** Annotations by which the platform makes a certificate for a Service; undefined where cert-manager does. */
  readonly service: ((secret: string) => Readonly<Record<string, string>>) | undefined;
}

const signers: Readonly<Record<PlatformProfile["name"], Signer>> = {
  openshift: { service: (secret) => ({ "service.beta.openshift.io/serving-cert-secret-name": secret }) },
  kubernetes: { service: undefined },
};

/**
 * The certificate of a Service for its name inside the cluster, and its authority for those that ask it (docs/adr/0006).
 *
 * On OpenShift the service CA operator makes and renews it, 13 months before the end of its 26; elsewhere cert-manager, 30 days before the end of 90. The files
 * change in running pods: a program that reads them once has to be restarted.
 */
export class ServingCertificate extends pulumi.ComponentResource {
  /** The Secret with `tls.crt` and `tls.key`, for the pods behind the Service. */
  readonly secretName: string;
  /** For the Service. */
  readonly serviceAnnotations: Readonly<Record<string, string>>;
  /** What pods wait for. */
  readonly ready: readonly pulumi.Resource[];
  readonly #authority: Omit<Volume, "name">;

  constructor(name: string, args: ServingCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:common:ServingCertificate", name, {}, opts);
    const { context, namespace, part, service, issuer } = args;
    const signer = signers[context.profile.name];
    this.secretName = `${name}-tls`;

    if (signer.service) {
      this.serviceAnnotations = signer.service(this.secretName);
      const authorityName = `${name}-ca`;
      const metadata = { ...metadataOf(context, authorityName, namespace, part), annotations: { "service.beta.openshift.io/inject-cabundle": "true" } };
      // Its content is the operator's.
      const authority = new k8s.core.v1.ConfigMap(authorityName, { metadata }, { parent: this });
      this.ready = [authority];
      this.#authority = { configMap: { name: authorityName, items: [{ key: "service-ca.crt", path: "ca.crt" }] } };
    } else {
      if (issuer === undefined) {
        throw new pulumi.ResourceError(`certificate ${name}: issuer is missing; allowed: an Issuer or a ClusterIssuer of cert-manager; fix: name it`, this);
      }
      const host = pulumi.interpolate`${service}.${namespace}`;
      const names = [service, host, pulumi.interpolate`${host}.svc`, pulumi.interpolate`${host}.svc.cluster.local`];
      const metadata = { ...metadataOf(context, name, namespace, part), annotations: { "pulumi.com/waitFor": "condition=Ready" } };
      const certificate = new k8s.apiextensions.CustomResource(
        name,
        { apiVersion: `${certManager}/v1`, kind: "Certificate", metadata, spec: certificateSpec(this.secretName, names, issuer) },
        { parent: this },
      );
      this.serviceAnnotations = {};
      this.ready = [certificate];
      // Not its key.
      this.#authority = { secret: { secretName: this.secretName, items: [{ key: "ca.crt", path: "ca.crt" }] } };
    }

    this.registerOutputs({ secretName: this.secretName });
  }

  /** A volume with `ca.crt`, for pods of the same project that ask the Service. */
  authority(volume: string): Volume {
    return { name: volume, ...this.#authority };
  }
}
