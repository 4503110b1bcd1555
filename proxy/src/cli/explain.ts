import { addressNumber, CausewayError } from '@causeway/contract';
import type { Explanation } from '../rpc/messages.ts';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { askPop } from './admin-client.ts';
import { dataDir, instant, parse } from './arguments.ts';
import { explanationText } from './explanation-text.ts';
import { EXIT, say } from './output.ts';

/** What would be decided for a person, and why; on the PoP's own machine without any token, since it only reads. */
export async function explain(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...ADMIN_OPTIONS,
    user: { type: 'string' },
    app: { type: 'string' },
    device: { type: 'string' },
    posture: { type: 'string', multiple: true },
    group: { type: 'string', multiple: true },
    ou: { type: 'string' },
    method: { type: 'string' },
    from: { type: 'string' },
    at: { type: 'string' },
  });
  const { user, app, method, from, at, group, ou, device, posture } = values;
  const words = [...positionals];
  const who = user ?? (device === undefined || words.length > 1 ? words.shift() : undefined);
  const target = app ?? words.shift();
  if ((who === undefined && device === undefined) || target === undefined || words.length > 0) {
    throw new CausewayError(
      'CW_USAGE',
      'explain takes a person and a target, like: explain --user ada@corp.example --app intranet',
    );
  }
  if (from !== undefined && addressNumber(from) === null) {
    throw new CausewayError('CW_USAGE', `--from is the client's IP address, not "${from}"`);
  }
  const question = {
    target,
    ...(who === undefined ? {} : { user: who }),
    ...(device === undefined ? {} : { device }),
    ...(posture === undefined ? {} : { posture }),
    ...(method === undefined ? {} : { method: methodOf(method) }),
    ...(group === undefined ? {} : { groups: group }),
    ...(ou === undefined ? {} : { ou }),
    ...(from === undefined ? {} : { from }),
    ...(at === undefined ? {} : { at: instant('at', at) }),
  };
  const overApi = (values.url ?? process.env['CAUSEWAY_URL'] ?? '') !== '' || values.token !== undefined;
  const answer: Explanation = overApi
    ? ((await (await connectAdmin(values)).call('POST /policy/explain', { body: question })) as Explanation)
    : await askPop(dataDir(values.data), 'admin.explain', question);
  say(values.json ? JSON.stringify(answer) : explanationText(answer, target));
  return EXIT.ok;
}

function methodOf(text: string): 'browser' | 'agent' {
  if (text !== 'browser' && text !== 'agent') throw new CausewayError('CW_USAGE', '--method is browser or agent');
  return text;
}
