/** What the programs with C code need beside a compiler: headers and static libraries from packages, never from the machine. */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../lib/paths";
import { cachedDir } from "./cache";
import { debianRoot } from "./debian";
import { moduleDir, programsDir, requiredVersion } from "./gomod";

type Environment = Readonly<Record<string, string>>;

/** For runc: libseccomp as a static library. */
export async function staticSeccomp(): Promise<Environment> {
  const { dir } = await debianRoot("libseccomp", ["libseccomp-dev"], { closure: false });
  const library = readdirSync(join(dir, "usr", "lib"))
    .map((architecture) => join(dir, "usr", "lib", architecture))
    .find((folder) => existsSync(join(folder, "libseccomp.a")));
  if (library === undefined) throw new Error(`${dir}: no libseccomp.a in libseccomp-dev`);
  return {
    CGO_ENABLED: "1",
    PKG_CONFIG: join(__dirname, "pkg-config.sh"),
    OAP_PKG_CFLAGS: `-I${join(dir, "usr", "include")}`,
    OAP_PKG_LIBS: `-L${library} -lseccomp`,
  };
}

/** For Ollama: header-only libraries that its Go module leaves out. */
export async function nativeHeaders(): Promise<Environment> {
  const { dir } = await debianRoot("ollama-headers", ["nlohmann-json3-dev", "libstb-dev"], { closure: false });
  const version = requiredVersion(join(programsDir, "ollama"), "github.com/gen2brain/malgo");
  const include = join(cacheDir, "headers", `miniaudio-${version}`);
  await cachedDir(include, { what: "miniaudio.h", files: ["miniaudio/miniaudio.h"] }, async (temporary) => {
    mkdirSync(join(temporary, "miniaudio"));
    symlinkSync(join(await moduleDir("ollama", "github.com/gen2brain/malgo"), "miniaudio.h"), join(temporary, "miniaudio", "miniaudio.h"));
  });
  return {
    CGO_ENABLED: "1",
    // -O1: a third of the time of -O2 to compile, and enough for small models on CPUs.
    CGO_CFLAGS: "-O1",
    CGO_CXXFLAGS: `-O1 "-I${join(dir, "usr", "include")}" "-I${include}"`,
  };
}
