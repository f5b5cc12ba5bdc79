/** Layers of Debian packages, as small as they get: unpacked only (no maintainer script runs), without documentation, translations and conversion tables. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { debianRoot } from "../tools/toolchain/debian";
import type { LayerSpec } from "./archive";

const LEFT_OUT =
  /^(usr\/share\/(doc|doc-base|man|info|locale|lintian|bash-completion|menu|bug|gdb|gcc|polkit-1|pixmaps|common-licenses)|usr\/lib\/[^/]+\/gconv|usr\/share\/base-files|etc\/(cron\.[a-z]+|default|dpkg|init\.d|logrotate\.d|skel|profile\.d|update-motd\.d)|var\/(lib\/dpkg|cache|log|backups|local|mail|spool))(\/|$)/;
/** Links into /usr, which each image gets anew, and what the cache keeps about the folder. */
const OWN = /^(bin|sbin|lib|lib64|\..*)$/;

/** Where a packaged file goes; undefined: it is left out. @param path relative to the root of an unpacked system with a merged /usr */
export function place(path: string): string | undefined {
  return OWN.test(path) || LEFT_OUT.test(path) ? undefined : path;
}

/**
 * A base system: bash, coreutils, grep, sed, CA certificates, the C and C++ libraries, users root and nobody. The same bytes for every image, so that a node
 * keeps them once.
 */
export async function debianBase(): Promise<readonly LayerSpec[]> {
  const system = await debianRoot("image-base", ["base-files", "bash", "coreutils", "grep", "sed", "libc-bin", "libstdc++6"], { closure: true });
  return [
    { directory: system.dir, place: (path) => (path === "var/run" || path === "var/lock" ? undefined : place(path)) },
    {
      files: {
        ...Object.fromEntries(["bin", "sbin", "lib", ...(process.arch === "x64" ? ["lib64"] : [])].map((name) => [`/${name}`, { link: `usr/${name}` }])),
        "/etc/passwd": { text: "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
        "/etc/group": { text: "root:x:0:\nnogroup:x:65534:\n" },
        "/etc/nsswitch.conf": { text: "passwd: files\ngroup: files\nhosts: files dns\n" },
        ...(await authorities()),
        "/root": { directory: true },
        "/run": { directory: true },
        "/tmp": { directory: true, mode: 0o1777 },
        "/usr/bin/awk": { link: "mawk" },
        "/usr/bin/sh": { link: "bash" },
        "/var/run": { link: "/run" },
        "/var/tmp": { directory: true, mode: 0o1777 },
      },
    },
  ];
}

/** The authorities that Debian trusts, where programs look for them. */
export async function authorities(): Promise<Record<string, { readonly text: string }>> {
  const { dir } = await debianRoot("image-certificates", ["ca-certificates"], { closure: false }); // its dependencies only serve its maintainer scripts
  return { "/etc/ssl/certs/ca-certificates.crt": { text: bundle(join(dir, "usr/share/ca-certificates/mozilla")) } };
}

/** All certificates in one file, as update-ca-certificates would write it. */
function bundle(directory: string): string {
  return readdirSync(directory)
    .sort()
    .map((name) => readFileSync(join(directory, name), "utf8").trimEnd() + "\n")
    .join("");
}
