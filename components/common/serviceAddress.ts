import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** Where a Service answers inside the cluster. */
export interface ServiceAddress {
  readonly namespace: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly port: number;
  readonly url: pulumi.Output<string>;
}

/** The address of a Service that speaks plain HTTP. */
export function serviceAddress(service: k8s.core.v1.Service, port: number): ServiceAddress {
  const { namespace, name } = service.metadata;
  return { namespace, name, port, url: pulumi.interpolate`http://${name}.${namespace}.svc:${port}` };
}
