/** What builds images of models: Git, tar, crane, and the scripts' bash. Needs no user of its own and no right that a restricted pod lacks. */
import { ensurePrograms } from "../../tools/toolchain";
import { debianRoot } from "../../tools/toolchain/debian";
import { debianBase, place } from "../debian";
import { sameVersion, type Recipe } from "../recipe";

/** Git over HTTPS without Perl, which only its interactive commands need. */
const packages = ["git", "libcurl3-gnutls", "libpcre2-8-0", "tar", "zlib1g"];

export const modelBuilder: Recipe = {
  inputs: ["images/debian.ts", "tools/programs/crane/go.mod", "tools/programs/crane/go.sum"],
  async collect({ tag }) {
    const program = (await ensurePrograms(["crane"])).crane;
    sameVersion("model-builder", tag, program.version, "tools/programs/crane/go.mod");
    const git = await debianRoot("image-git", packages, { closure: true });
    return {
      layers: [
        ...(await debianBase()),
        {
          directory: git.dir,
          place: (path) => (/^(usr\/share\/(perl|git-core\/templates)|usr\/lib\/[^/]+\/perl|etc\/perl|var\/)/.test(path) ? undefined : place(path)),
        },
        { files: { "/usr/bin/crane": { source: program.path("crane"), mode: 0o755 } } },
      ],
      entrypoint: ["/bin/bash"],
      user: "65534:65534",
    };
  },
};
