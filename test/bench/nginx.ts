import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '../harness/await-condition.ts';
import { accepts } from '../harness/ports.ts';
import { Program } from '../harness/program.ts';

export interface Nginx {
  /** Master and worker. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** One worker, nothing of the machine's own configuration, everything it writes below `folder`. */
export async function startNginx(name: string, folder: string, port: number, http: string): Promise<Nginx> {
  const dir = join(folder, name);
  mkdirSync(dir, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${dir}/${kind};`,
  );
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off;
user root;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log stderr warn;
events { worker_connections 2048; }
http {
  default_type text/plain;
  keepalive_requests 100000000;
  keepalive_timeout 300s;
${temporary.join('\n')}
${http}
}
`,
  );
  const program = new Program({ name, command: 'nginx', args: ['-p', dir, '-c', join(dir, 'nginx.conf')] });
  const workers = await awaitCondition(`${name} to listen on ${port}`, async () => {
    if (program.exit !== null) throw new Error(program.tail());
    const children = childrenOf(program.pid);
    return (await accepts(port)) && children.length > 0 ? children : undefined;
  });
  return {
    pids: [program.pid, ...workers],
    async stop() {
      await program.stop();
    },
  };
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  );
}

/** Files of 1 KiB and 10 MiB, plain on one port and with TLS on another. */
export function originConfig(
  root: string,
  plainPort: number,
  tlsPort: number,
  tls: { cert: string; key: string },
): string {
  return `  access_log off;
  sendfile on;
  tcp_nopush on;
  server {
    listen 127.0.0.1:${plainPort};
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_protocols TLSv1.3;
    ssl_certificate ${tls.cert};
    ssl_certificate_key ${tls.key};
    root ${root};
  }`;
}

/** What the edge's web server chooses, whatever the client prefers; nginx would follow the client. */
const CIPHER = 'TLS_AES_128_GCM_SHA256';

/** Baselines: TLS in front, and behind it (a) plain keep-alive, (b) TLS keep-alive with the access log on. */
export function frontConfig(
  port: number,
  upstream: { scheme: 'http' | 'https'; port: number },
  tls: { cert: string; key: string },
  accessLog: string | null,
): string {
  return `  access_log ${accessLog ?? 'off'};
  upstream origin { server 127.0.0.1:${upstream.port}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites ${CIPHER};
    ssl_certificate ${tls.cert};
    ssl_certificate_key ${tls.key};
    location / {
      proxy_pass ${upstream.scheme}://origin;
      proxy_ssl_protocols TLSv1.3;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_max_temp_file_size 0;
    }
  }`;
}
