/** Certificates that cert-manager makes and renews. Pure. */
import type * as pulumi from "@pulumi/pulumi";

/** Who signs: an Issuer of the project, or one of the cluster. */
export interface Issuer {
  readonly name: string;
  readonly kind: "Issuer" | "ClusterIssuer";
}

export const certManager = "cert-manager.io";

/** For 90 days, renewed by cert-manager 30 days before the end, with a new key each time. @param secretName where the certificate and its key are kept */
export function certificateSpec(secretName: string, dnsNames: readonly pulumi.Input<string>[], issuer: Issuer): Record<string, unknown> {
  return {
    secretName,
    dnsNames: [...dnsNames],
    duration: "2160h0m0s",
    renewBefore: "720h0m0s",
    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
    usages: ["digital signature", "server auth"],
    issuerRef: { group: certManager, kind: issuer.kind, name: issuer.name },
  };
}
