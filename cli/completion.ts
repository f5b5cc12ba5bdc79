/** Shell completion, made from the commands themselves. */
import type { Command } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;

interface Entry {
  /** Words after `aictl`: `rollout undo` */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly flag: string; readonly description: string }[];
}

/** All commands with what may follow each. */
export function entriesOf(command: Command, path: readonly string[] = []): readonly Entry[] {
  const own: Entry = {
    path: path.join(" "),
    commands: command.commands.map((one) => ({ name: one.name(), description: one.description() })),
    options: command.options.flatMap(({ long, description }) => (long ? [{ flag: long, description }] : [])),
  };
  return [own, ...command.commands.flatMap((one) => entriesOf(one, [...path, one.name()]))];
}

/** undefined for a shell that is none of `shells`. */
export function completionScript(program: Command, shell: string): string | undefined {
  const entries = entriesOf(program);
  switch (shell) {
    case "bash":
      return bash(entries);
    case "zsh":
      // zsh reads bash's completions.
      return `#compdef aictl\nautoload -U +X bashcompinit && bashcompinit\n${bash(entries)}`;
    case "fish":
      return fish(entries);
    default:
      return undefined;
  }
}

/** Global options may stand anywhere. */
function bash(entries: readonly Entry[]): string {
  const globals = (entries[0]?.options ?? []).map(({ flag }) => flag);
  const cases = entries.map(({ path, commands, options }) => {
    const words = [...commands.map(({ name }) => name), ...options.map(({ flag }) => flag), ...(path === "" ? [] : globals), "--help"];
    return `    "${path}") words="${words.join(" ")}" ;;`;
  });
  const known = entries.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`);
  return `# aictl completion bash
_aictl() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${known.join("|")}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _aictl aictl
`;
}

function fish(entries: readonly Entry[]): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = entries.flatMap(({ path, commands, options }) => {
    const names = commands.map(({ name }) => name).join(" ");
    const seen = path === "" ? [] : path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
    const none = names === "" ? [] : [`not __fish_seen_subcommand_from ${names}`];
    const when = (conditions: readonly string[]) => (conditions.length === 0 ? "" : ` -n ${quoted(conditions.join("; and "))}`);
    return [
      ...commands.map(({ name, description }) => `complete -c aictl -f${when([...seen, ...none])} -a ${name} -d ${quoted(description)}`),
      ...options.map(({ flag, description }) => `complete -c aictl${when(seen)} -l ${flag.slice(2)} -d ${quoted(description)}`),
    ];
  });
  return `# aictl completion fish\n${lines.join("\n")}\n`;
}
