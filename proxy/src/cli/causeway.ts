#!/usr/bin/env node
import { CausewayError, codeOf } from '@causeway/contract';
import { errorReport } from './error-report.ts';
import { EXIT, exitCodeOf, say } from './output.ts';
import { VERSION } from '../version.ts';

/** A verb takes what follows it on the command line and resolves with the exit code. */
export type Verb = (args: string[]) => Promise<number>;

/** How every verb over the admin API finds it: at a URL, else at the socket of the data folder. */
const ADMIN_WORDS = '[--url URL --token FILE [--ca FILE]] [--data DIR] [--json]';

/** Each verb loads what it needs when it is asked for: a PoP's code takes longer to load than most verbs to answer. */
const VERBS: Record<string, { run: Verb; usage: string; does: string }> = {
  dev: {
    run: async (args) => (await import('./dev.ts')).dev(args),
    usage: 'dev [URL] [--agent] [--workers N] [--fresh] [--trust] [--port P] [--data DIR] [--json]',
    does: 'a PoP, a publisher, an identity provider and an intranet on this machine, to try it all; URL publishes your own app',
  },
  pop: {
    run: async (args) => (await import('./pop.ts')).pop(args),
    usage: 'pop --config FILE [--store postgres://…] [--data DIR] [--json]',
    does: 'run a PoP',
  },
  setup: {
    run: async (args) => (await import('./setup.ts')).setup(args),
    usage: 'setup --owner [--data DIR] [--json]',
    does: 'an owner for an hour and on this machine alone: the first one, or when all others are locked out',
  },
  status: {
    run: async (args) => (await import('./status.ts')).status(args),
    usage: 'status [--data DIR] [--json]',
    does: 'what runs, what is connected, what is wrong',
  },
  apply: {
    run: async (args) => (await import('./apply.ts')).apply(args),
    usage: `apply -f FILE|DIR... [--dry-run] [--comment C] [--no-publish] ${ADMIN_WORDS}`,
    does: 'put the objects of YAML files into the store, all or none, and into force; says what differs',
  },
  get: {
    run: async (args) => (await import('./get.ts')).get(args),
    usage: `get KIND [NAME] ${ADMIN_WORDS}`,
    does: 'the objects of a kind, or one as apply reads it',
  },
  diff: {
    run: async (args) => (await import('./diff.ts')).diff(args),
    usage: `diff [-f FILE|DIR...] ${ADMIN_WORDS}`,
    does: 'what files would change; without, what is in the working set and not in force',
  },
  delete: {
    run: async (args) => (await import('./delete.ts')).deleteObject(args),
    usage: `delete KIND NAME [--dry-run] [--comment C] [--no-publish] ${ADMIN_WORDS}`,
    does: 'take an object out of the store, and out of force',
  },
  publish: {
    run: async (args) => (await import('./snapshots.ts')).publish(args),
    usage: `publish [--comment C] ${ADMIN_WORDS}`,
    does: 'put the working set into force',
  },
  snapshots: {
    run: async (args) => (await import('./snapshots.ts')).snapshots(args),
    usage: `snapshots ${ADMIN_WORDS}`,
    does: 'the published configurations, newest first',
  },
  backup: {
    run: async (args) => (await import('./backup.ts')).backup(args),
    usage: 'backup FILE [--without-events] [--config FILE | --store postgres://…] [--data DIR] [--json]',
    does: 'the whole store as it is now into one file, while the PoP runs or not; keys stay sealed in it',
  },
  restore: {
    run: async (args) => (await import('./restore.ts')).restore(args),
    usage:
      `restore NUMBER [--comment C] [--no-publish] ${ADMIN_WORDS}\n` +
      '  causeway restore FILE [--check | --keep-sessions] [--config FILE | --store postgres://…] [--data DIR] [--json]',
    does: 'bring the objects back to what they were in a published configuration; or make a store of a backup where none is',
  },
  'rotate-keys': {
    run: async (args) => (await import('./rotate-keys.ts')).rotateKeys(args),
    usage: 'rotate-keys [--list | --add-master FILE | --remove-master ID] [--data DIR] [--json]',
    does: 'seal the keys in the store anew under a new data key; --add-master and --remove-master change the master key',
  },
  explain: {
    run: async (args) => (await import('./explain.ts')).explain(args),
    usage:
      'explain USER TARGET [--group G]... [--ou PATH] [--method browser|agent] [--from ADDRESS] [--at TIME] [--data DIR] [--json]',
    does: 'what the policy would decide for a person and a host[:port], a URL or an app, and why',
  },
  doctor: {
    run: async (args) => (await import('./doctor.ts')).doctor(args),
    usage: 'doctor [--data DIR] [--json]',
    does: 'look for what commonly goes wrong and say what to do',
  },
  token: {
    run: async (args) => (await import('./token.ts')).token(args),
    usage: 'token PUBLISHER [--data DIR] [--json]',
    does: 'a join token with which one publisher can enrol, once',
  },
  sessions: {
    run: async (args) => (await import('./sessions.ts')).sessions(args),
    usage: 'sessions [--data DIR] [--json]',
    does: 'who is signed in',
  },
  revoke: {
    run: async (args) => (await import('./revoke.ts')).revoke(args),
    usage: 'revoke session|user|device|publisher ID [--data DIR] [--json]',
    does: 'end access now, streams that are open included',
  },
  events: {
    run: async (args) => (await import('./events.ts')).events(args),
    usage:
      'events [--follow] [--user U] [--app A] [--rule R] [--decision D] [--text WORDS] [--since TIME] [--limit N] [--data DIR] [--json]',
    does: 'the newest events, newest first; with --follow those that come, one line each',
  },
  config: {
    run: async (args) => (await import('./config.ts')).config(args),
    usage: 'config validate FILE [--strict] [--json] | config reload [--data DIR]',
    does: 'check a configuration, or have the running PoP read its own again',
  },
};

function help(): string {
  const rows = Object.values(VERBS).map(({ usage, does }) => `  causeway ${usage}\n      ${does}`);
  return `Causeway ${VERSION}: private applications for the people whom a policy lets in.\n\n${rows.join('\n')}\n`;
}

async function main(argv: string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === '--version') {
    say(VERSION);
    return EXIT.ok;
  }
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    say(help());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) throw new CausewayError('CW_USAGE', `there is no verb "${name}"; try: causeway help`);
  if (args.includes('--help')) {
    say(`causeway ${verb.usage}\n    ${verb.does}`);
    return EXIT.ok;
  }
  return verb.run(args);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(errorReport(error, process.argv.includes('--json')));
    process.exit(exitCodeOf(codeOf(error)));
  },
);
