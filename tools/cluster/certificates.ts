/** Makes certificates and keys (ECDSA, P-256) and keeps those that still fit. */
import type { X509Certificate as NewCertificate } from "@peculiar/x509";
import { X509Certificate, generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { replaceFile } from "./state";

/** What a certificate says. */
export interface Subject {
  /** Name of its files: `<file>.crt`, `<file>.key`. */
  readonly file: string;
  readonly authority: string;
  readonly commonName: string;
  /** A group, to Kubernetes. */
  readonly organization?: string;
  readonly usage: "server" | "client" | "peer" /* both */;
  /** DNS names and IP addresses. */
  readonly names?: readonly string[];
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 24 * 60 * 60 * 1000;
const validDays = { authority: 3650, certificate: 365 };
const renewBefore = 30 * day;

/**
 * Writes the certificates that are missing, changed, or end within 30 days; the others stay as they are. Keys are readable by the owner only.
 * @param now for tests
 */
export async function ensureCertificates(dir: string, subjects: readonly Subject[], now = new Date()): Promise<void> {
  for (const authority of new Set(subjects.map((subject) => subject.authority))) {
    if (!isFresh(dir, authority, now)) await writeAuthority(dir, authority, now);
  }
  for (const subject of subjects) if (!fits(dir, subject, now)) await writeCertificate(dir, subject, now);
}

/** The key pair that signs service account tokens: `<file>.key`, `<file>.pub`. */
export function ensureKeyPair(dir: string, file: string): void {
  if (existsSync(join(dir, `${file}.key`)) && existsSync(join(dir, `${file}.pub`))) return;
  const pair = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  replaceFile(join(dir, `${file}.key`), pair.privateKey);
  replaceFile(join(dir, `${file}.pub`), pair.publicKey);
}

function parsed(dir: string, file: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(join(dir, `${file}.crt`)));
  } catch {
    return undefined;
  }
}

function isFresh(dir: string, file: string, now: Date): boolean {
  const certificate = parsed(dir, file);
  return certificate !== undefined && existsSync(join(dir, `${file}.key`)) && Date.parse(certificate.validTo) - now.getTime() > renewBefore;
}

function fits(dir: string, subject: Subject, now: Date): boolean {
  const certificate = parsed(dir, subject.file);
  const authority = parsed(dir, subject.authority);
  if (!certificate || !authority || !isFresh(dir, subject.file, now) || !certificate.verify(authority.publicKey)) return false;
  const names = (certificate.subjectAltName ?? "")
    .split(", ")
    .filter(Boolean)
    .map((name) => name.replace(/^(DNS|IP Address):/, ""));
  return certificate.subject === subjectLines(subject) && [...names].sort().join() === [...(subject.names ?? [])].sort().join();
}

/** As Node.js prints a subject: one line per part. */
function subjectLines(subject: Subject): string {
  return [subject.organization && `O=${subject.organization}`, `CN=${subject.commonName}`].filter(Boolean).join("\n");
}

/** Loaded where a certificate is made: that takes the better part of a second, and most commands make none. */
async function library() {
  await import("./reflect.js");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(globalThis.crypto);
  return x509;
}

async function writeAuthority(dir: string, file: string, now: Date): Promise<void> {
  const x509 = await library();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16).toString("hex"),
    name: [{ CN: [`${file} of an embedded cluster`] }],
    ...validity(now, validDays.authority),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writePair(dir, file, certificate, keys.privateKey);
}

async function writeCertificate(dir: string, subject: Subject, now: Date): Promise<void> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(readFileSync(join(dir, `${subject.authority}.crt`), "utf8"));
  const pkcs8 = x509.PemConverter.decodeFirst(readFileSync(join(dir, `${subject.authority}.key`), "utf8"));
  const signingKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const usages = {
    server: [x509.ExtendedKeyUsage.serverAuth],
    client: [x509.ExtendedKeyUsage.clientAuth],
    peer: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
  };
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(16).toString("hex"),
    subject: [...(subject.organization ? [{ O: [subject.organization] }] : []), { CN: [subject.commonName] }],
    issuer: issuer.subject,
    ...validity(now, validDays.certificate),
    signingAlgorithm: algorithm,
    signingKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages[subject.usage]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(subject.names?.length
        ? [new x509.SubjectAlternativeNameExtension(subject.names.map((value) => ({ type: isIP(value) ? ("ip" as const) : ("dns" as const), value })))]
        : []),
    ],
  });
  await writePair(dir, subject.file, certificate, keys.privateKey);
}

/** From a little before now, for clocks that differ. */
function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - 5 * 60 * 1000), notAfter: new Date(now.getTime() + days * day) };
}

async function writePair(dir: string, file: string, certificate: NewCertificate, key: webcrypto.CryptoKey): Promise<void> {
  const { PemConverter } = await library();
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", key);
  replaceFile(join(dir, `${file}.key`), `${PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`);
  replaceFile(join(dir, `${file}.crt`), `${certificate.toString("pem")}\n`);
}
