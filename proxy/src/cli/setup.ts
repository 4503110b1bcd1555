import { CausewayError } from '@causeway/contract';
import { askPop } from './admin-client.ts';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { EXIT, say } from './output.ts';

/** The way in where nobody has a role yet, or everybody is locked out. */
export async function setup(args: string[]): Promise<number> {
  const { values } = parse(args, { ...DATA_AND_JSON, owner: { type: 'boolean', default: false } });
  if (!values.owner) throw new CausewayError('CW_USAGE', 'setup takes --owner: a token of an owner, for an hour');
  const made = await askPop(dataDir(values.data), 'admin.owner', null);
  if (values.json) say(JSON.stringify(made));
  else {
    say(made.token);
    process.stderr.write(
      `an owner's token, shown this once, good on this machine alone until ${new Date(made.expiresAt).toISOString()};\n` +
        `the audit says that it was made\n`,
    );
  }
  return EXIT.ok;
}
