import { CausewayError, codeOf } from '@causeway/contract';
import { didYouMean } from '../config/closest.ts';
import { errorReport } from './error-report.ts';
import { hintFor } from './hints.ts';
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
    usage: `get KIND [NAME] [--yaml] [--filter FIELD=VALUE]... [--search WORDS] [--sort=[-]FIELD] [--limit N] ${ADMIN_WORDS}`,
    does: 'whatever the API lists: objects, users, groups, sessions, devices, pops, audit…; an object as apply reads it',
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
    usage: `explain --user U --app A [--device D] [--posture P]... [--group G]... [--ou PATH] [--method browser|agent] [--from ADDRESS] [--at TIME] ${ADMIN_WORDS}`,
    does: 'what would be decided for a person and an app, a URL or host[:port], why, and what would change it',
  },
  doctor: {
    run: async (args) => (await import('./doctor.ts')).doctor(args),
    usage: 'doctor [--data DIR] [--json]',
    does: 'look for what commonly goes wrong and say what to do',
  },
  token: {
    run: async (args) => (await import('./token.ts')).token(args),
    usage: `token publisher NAME [--hours N] | api NAME --role R|--permission P... [--days N] | service NAME --app A... [--days N] | scim [IDP] [--label L] [--days N] ${ADMIN_WORDS}`,
    does: 'a token, shown once: for a publisher to enrol, for this API, for a machine to reach apps, for an IdP to provision',
  },
  sessions: {
    run: async (args) => (await import('./sessions.ts')).sessions(args),
    usage: 'sessions [--data DIR] [--json]',
    does: 'who is signed in',
  },
  revoke: {
    run: async (args) => (await import('./revoke.ts')).revoke(args),
    usage: `revoke session|user|device|publisher|token|service-token|scim-token ID ${ADMIN_WORDS}`,
    does: 'end access now, streams that are open included',
  },
  events: {
    run: async (args) => (await import('./events.ts')).events(args),
    usage: `events [--follow] [--kind K] [--user U] [--app A] [--rule R] [--action allow|block] [--decision D] [--device D] [--session S] [--address A] [--status N] [--text WORDS] [--since TIME] [--until TIME] [--limit N] ${ADMIN_WORDS}`,
    does: 'the newest events, newest first; with --follow those that come, one line each',
  },
  api: {
    run: async (args) => (await import('./api.ts')).api(args),
    usage: `api METHOD PATH [--body JSON|@FILE|-] [--if-match N] ${ADMIN_WORDS}`,
    does: 'one request to the admin API, for what no verb of its own does; docs/openapi.json has the paths',
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

function verbOf(name: string): (typeof VERBS)[string] | undefined {
  return Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
}

async function main(argv: string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === '--version') {
    say(VERSION);
    return EXIT.ok;
  }
  if (name === 'help' && args[0] !== undefined) return main([args[0], '--help']);
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    say(help());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const verb = verbOf(name);
  if (verb === undefined)
    throw new CausewayError('CW_USAGE', `there is no verb "${name}"${didYouMean(name, Object.keys(VERBS))}`);
  if (args.includes('--help') || args.includes('-h')) {
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
    const [, , name = '', ...words] = process.argv;
    const code = codeOf(error);
    const hint = hintFor(code, verbOf(name)?.usage ?? null);
    process.stderr.write(errorReport(error, { json: words.includes('--json'), hint }));
    process.exit(exitCodeOf(code));
  },
);
