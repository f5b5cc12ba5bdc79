import { expect } from "chai";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../tools/lib/errors";
import { root } from "../../tools/lib/paths";
import { requireApt } from "../../tools/toolchain/apt";
import { buildArguments, executablesOf } from "../../tools/toolchain/build";
import { pulumiRelease } from "../../tools/toolchain/download";
import { folderOf, goDirective, programsDir, requiredVersion } from "../../tools/toolchain/gomod";
import { programNames, specOf } from "../../tools/toolchain/programs";

describe("the catalogue of programs", () => {
  for (const name of programNames) {
    it(`${name}: its module pins its version, and its links lead to its executables`, () => {
      const spec = specOf(name);
      const dir = folderOf(spec);
      expect(goDirective(dir)).to.match(/^1\.\d+/);
      if (spec.versionOf !== undefined) {
        expect(requiredVersion(dir, spec.versionOf)).to.match(/^v\d+\.\d+\.\d+/);
        expect(existsSync(join(dir, "go.sum"))).to.equal(true);
      }
      for (const target of Object.values(spec.links ?? {})) expect(executablesOf(spec)).to.include(target);
      expect(buildArguments(spec, "v1.2.3")).to.include("-trimpath");
    });
  }

  it("gives Kubernetes the version that kubectl parses", () => {
    const flags = buildArguments(specOf("cluster"), "v1.36.3").at(-1);
    expect(flags)
      .to.contain("gitVersion=v1.36.3")
      .and.contain("gitMajor=1 ")
      .and.match(/gitMinor=36$/);
  });

  it("uses the same version of Pulumi's CLI as of its SDK", () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: Record<string, string> };
    expect(requiredVersion(join(programsDir, "pulumi"), "github.com/pulumi/pulumi/pkg/v3")).to.equal(`v${dependencies["@pulumi/pulumi"] ?? ""}`);
  });

  it("takes Pulumi's release with its checksums from the publisher", () => {
    const { url, checksums } = pulumiRelease("v3.259.0");
    expect(url).to.match(/^https:\/\/github\.com\/pulumi\/pulumi\/releases\/download\/v3\.259\.0\/pulumi-v3\.259\.0-\w+-(?:x64|arm64)\.tar\.gz$/);
    expect(checksums).to.match(/\/v3\.259\.0\/pulumi-3\.259\.0-checksums\.txt$/);
  });

  it("says where a module is not pinned", () => {
    expect(() => requiredVersion(join(programsDir, "pause"), "example.com/absent")).to.throw(/requires no example\.com\/absent/);
  });

  it("names what is missing where there is no apt, with the fix", () => {
    const { PATH } = process.env;
    const empty = mkdtempSync(join(tmpdir(), "oap-path-"));
    process.env.PATH = empty;
    try {
      expect(() => {
        requireApt("libseccomp");
      })
        .to.throw(UserError, "libseccomp: it comes from Debian packages, and apt-get, apt-config, dpkg-deb, tar are not on this machine's PATH")
        .with.property("fix")
        .that.contains("use Debian");
    } finally {
      process.env.PATH = PATH;
      rmSync(empty, { recursive: true });
    }
  });
});
