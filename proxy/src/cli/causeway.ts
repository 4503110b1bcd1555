#!/usr/bin/env node
import { CausewayError } from '@causeway/contract';
import { config } from './config.ts';
import { dev } from './dev.ts';
import { doctor } from './doctor.ts';
import { events } from './events.ts';
import { explain } from './explain.ts';
import { EXIT, exitCodeOf, say } from './output.ts';
import { pop } from './pop.ts';
import { revoke } from './revoke.ts';
import { sessions } from './sessions.ts';
import { setup } from './setup.ts';
import { status } from './status.ts';
import { token } from './token.ts';
import { VERSION } from '../version.ts';

/** A verb takes what follows it on the command line and resolves with the exit code. */
export type Verb = (args: string[]) => Promise<number>;

const VERBS: Record<string, { run: Verb; usage: string; does: string }> = {
  dev: {
    run: dev,
    usage: 'dev [URL] [--agent] [--workers N] [--fresh] [--trust] [--port P] [--data DIR] [--json]',
    does: 'a PoP, a publisher, an identity provider and an intranet on this machine, to try it all; URL publishes your own app',
  },
  pop: { run: pop, usage: 'pop --config FILE [--store postgres://…] [--data DIR] [--json]', does: 'run a PoP' },
  setup: {
    run: setup,
    usage: 'setup --owner [--data DIR] [--json]',
    does: 'an owner for an hour and on this machine alone: the first one, or when all others are locked out',
  },
  status: { run: status, usage: 'status [--data DIR] [--json]', does: 'what runs, what is connected, what is wrong' },
  explain: {
    run: explain,
    usage:
      'explain USER TARGET [--group G]... [--ou PATH] [--method browser|agent] [--from ADDRESS] [--at TIME] [--data DIR] [--json]',
    does: 'what the policy would decide for a person and a host[:port], a URL or an app, and why',
  },
  doctor: {
    run: doctor,
    usage: 'doctor [--data DIR] [--json]',
    does: 'look for what commonly goes wrong and say what to do',
  },
  token: {
    run: token,
    usage: 'token PUBLISHER [--data DIR] [--json]',
    does: 'a join token with which one publisher can enrol, once',
  },
  sessions: { run: sessions, usage: 'sessions [--data DIR] [--json]', does: 'who is signed in' },
  revoke: {
    run: revoke,
    usage: 'revoke session|user|device|publisher ID [--data DIR] [--json]',
    does: 'end access now, streams that are open included',
  },
  events: { run: events, usage: 'events [--limit N] [--data DIR] [--json]', does: 'the newest events' },
  config: {
    run: config,
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
    const code = error instanceof CausewayError ? error.code : 'CW_INTERNAL';
    const text = error instanceof CausewayError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`causeway: ${code}: ${text}\n`);
    process.exit(exitCodeOf(code));
  },
);
