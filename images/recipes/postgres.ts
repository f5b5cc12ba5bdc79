/** PostgreSQL of Debian, with what a start as an assigned user needs: openssl and nss_wrapper, as the upstream image has them. Without Perl and LLVM. */
import { debianRoot } from "../../tools/toolchain/debian";
import { debianBase, place } from "../debian";
import { sameVersion, type Recipe } from "../recipe";

const major = "15";

const leftOut =
  /^(usr\/share\/(perl|perl5|postgresql-common|postgresql-client-common)|usr\/lib\/[^/]+\/(perl|perl5|perl-base|libLLVM)|usr\/lib\/postgresql\/[^/]+\/lib\/(bitcode|llvmjit)|usr\/bin\/perl|usr\/sbin\/|usr\/lib\/(systemd|init|llvm)|etc\/(perl|postgresql|pam|security)|var\/)/;

export const postgres: Recipe = {
  inputs: ["images/debian.ts"],
  async collect({ tag }) {
    // Debian replaces a minor release by the next one's security fixes.
    sameVersion("postgres", tag, `${major}-bookworm`, "images/recipes/postgres.ts");
    const packages = await debianRoot("image-postgres", [`postgresql-${major}`, "libnss-wrapper", "openssl"], { closure: true });
    return {
      layers: [...(await debianBase()), { directory: packages.dir, place: (path) => (leftOut.test(path) ? undefined : place(path)) }],
      entrypoint: ["/bin/bash"],
      user: "65534:65534",
      ports: [5432],
    };
  },
};
