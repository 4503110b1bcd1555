import { CausewayError } from '@causeway/contract';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say } from './output.ts';

export async function token(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, DATA_AND_JSON);
  const [publisher] = positionals;
  if (publisher === undefined)
    throw new CausewayError('CW_USAGE', 'token takes the name of a publisher in the configuration');
  const answer = await askPop(dataDir(values.data), 'admin.token', { publisher });
  if (values.json) say(JSON.stringify(answer));
  else {
    say(answer.token);
    process.stderr.write(
      `good once, until ${new Date(answer.expiresAt).toISOString()}; on the publisher's machine:\n` +
        `  causeway-publisher up --join TOKEN --allow HOST:PORT\n`,
    );
  }
  return EXIT.ok;
}
