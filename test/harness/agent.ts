import type { BrowserContext } from 'playwright-core';
import { prefixed } from './pop.ts';
import { runProgram, type Program } from './program.ts';

export interface RunningAgent {
  readonly program: Program;
  /** `host:port` of its HTTP and SOCKS proxy. */
  readonly proxy: string;
  stop(): Promise<void>;
}

export interface AgentOptions {
  readonly data: string;
  readonly port: number;
  /** A one-time code of the portal; an agent that has enrolled needs none. */
  readonly join?: string;
  readonly prefix?: readonly string[];
}

/** `causeway-agent up --local-proxy`, as a person runs it with the command from the portal. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { data, port, join, prefix = [] } = options;
  const proxy = `127.0.0.1:${port}`;
  const program = prefixed('causeway-agent', prefix, 'agent-lite/src/causeway-agent.ts', [
    'up',
    '--local-proxy',
    '--port',
    String(port),
    '--data',
    data,
    ...(join === undefined ? [] : ['--join', join]),
  ]);
  try {
    await program.line('to have its tunnel', (line) => /"to":"up"/.test(line) || undefined, 20_000);
  } catch (error) {
    await program.stop().catch(() => undefined);
    throw error;
  }
  return { program, proxy, stop: async () => void (await program.stop()) };
}

/** Takes a one-time code from the portal, in a tab of its own. */
export async function deviceCode(context: BrowserContext, portal: string): Promise<string> {
  const page = await context.newPage();
  await page.goto(portal);
  await page.getByRole('button', { name: 'Connect a device' }).click();
  const command = await page.getByLabel('Run this on the device').inputValue();
  await page.close();
  const code = /cwjoin1\.[\w-]+/.exec(command)?.[0];
  if (code === undefined) throw new Error(`no code in the portal’s command: ${command}`);
  return code;
}

/** Presses "Revoke" for a device in the portal and confirms it; the time of the confirmation. */
export async function revokeDevice(context: BrowserContext, portal: string, name: string): Promise<number> {
  const page = await context.newPage();
  await page.goto(portal);
  await page.getByRole('button', { name: `Revoke ${name}` }).click();
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Revoke' });
  await confirm.waitFor();
  const at = Date.now();
  await confirm.click();
  await page.getByText(/Revoked on/).waitFor();
  await page.close();
  return at;
}

export interface CurlAnswer {
  readonly exit: number | null;
  readonly status: number;
  readonly body: string;
  readonly error: string;
}

/** `curl`, with the arguments given and without any configuration of the machine. */
export async function curl(args: readonly string[], prefix: readonly string[] = []): Promise<CurlAnswer> {
  const all = ['-q', '--silent', '--show-error', '--noproxy', '', '--max-time', '20', '--write-out', '\n%{http_code}'];
  const [command = 'curl', ...rest] = [...prefix, 'curl', ...all, ...args];
  const { code, out, err } = await runProgram({ name: `curl ${args.join(' ')}`, command, args: rest });
  const lines = out.split('\n');
  return { exit: code, status: Number(lines.at(-1)), body: lines.slice(0, -1).join('\n'), error: err };
}
