import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RpcChannel } from '../../rpc/channel.ts';
import type { AdminCalls, TailCalls } from '../../rpc/messages.ts';
import { RpcServer } from '../rpc-server.ts';
import type { Database } from '../store/database.ts';
import { openDatabase } from '../store/open-database.ts';
import { eventOf, openEventLog } from './event-fixture.ts';
import type { EventLog } from './event-log.ts';
import { TailCallers } from './tail-callers.ts';

let folder: string;
let database: Database;
let eventLog: EventLog;
let server: RpcServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-tail-'));
  database = await openDatabase({ file: join(folder, 'store.sqlite') });
  eventLog = openEventLog(database);
  const tails = new TailCallers(eventLog);
  server = await RpcServer.listen({
    path: join(folder, 'control.sock'),
    log: pino({ level: 'silent' }),
    handlers: (channel) => tails.calls(channel),
    onClosed: (channel) => tails.remove(channel),
  });
});
afterEach(async () => {
  await server.close();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a command line hears what it asked for last, as long as it is connected', async () => {
  const heard: string[] = [];
  const socket = net.connect(join(folder, 'control.sock'));
  await once(socket, 'connect');
  const channel = new RpcChannel<AdminCalls, TailCalls>(
    socket,
    {
      'tail.events': ({ events }) => {
        heard.push(...events.map(({ decision }) => decision));
        return null;
      },
    },
    () => undefined,
  );
  await channel.call('admin.tail', { query: { app: 'other' } });
  await channel.call('admin.tail', { query: { app: 'wiki' } });
  await eventLog.append([eventOf({ decision: 'a' }), eventOf({ decision: 'b', app: 'other' })]);
  await expect.poll(() => heard).toEqual(['a']);
  channel.destroy();
  await once(socket, 'close');
  await eventLog.append([eventOf({ decision: 'c' })]);
  expect(heard).toEqual(['a']);
});
