import { array, assert, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Socks5Handshake, type SocksStep } from './socks5.ts';

/** Greets, then pushes the request in pieces; returns the last step. */
function run(request: string, piece = 1_000): SocksStep {
  const handshake = new Socks5Handshake();
  let step = handshake.push(Buffer.from('050100', 'hex'));
  expect(step).toEqual({ t: 'greeted', answer: Uint8Array.of(5, 0) });
  const bytes = Buffer.from(request, 'hex');
  for (let at = 0; at < bytes.length; at += piece) step = handshake.push(bytes.subarray(at, at + piece));
  return step;
}

const name = Buffer.from('intranet.corp.example').toString('hex');

describe('Socks5Handshake', () => {
  it.each([
    [`0501000315${name}0050`, { host: 'intranet.corp.example', port: 80 }],
    ['050100010a0000051f90', { host: '10.0.0.5', port: 8080 }],
    ['05010004fd00000000000000000000000000000101bb', { host: 'fd00:0:0:0:0:0:0:1', port: 443 }],
  ])('%s', (request, target) => {
    expect(run(request)).toMatchObject({ t: 'request', ...target });
    expect(run(request, 1)).toMatchObject({ t: 'request', ...target });
  });

  it('keeps what follows the request', () => {
    const step = run('050100010a00000500504745');
    expect(step.t === 'request' && Buffer.from(step.rest).toString()).toBe('GE');
  });

  it.each([
    ['UDP ASSOCIATE', '05030001000000000000', 7],
    ['BIND', '05020001000000000000', 7],
    ['an unknown address type', '050100050a0000050050', 8],
    ['port 0', '050100010a0000050000', 1],
    ['an empty name', '0501000300005000', 1],
  ])('%s is answered', (_, request, reply) => {
    const step = run(request);
    expect(step.t === 'failed' && step.answer[1]).toBe(reply);
  });

  it('wants a client that needs no authentication', () => {
    const step = new Socks5Handshake().push(Buffer.from('050102', 'hex'));
    expect(step).toMatchObject({ t: 'failed', answer: Uint8Array.of(5, 0xff) });
  });

  it('takes a greeting and a request that come together', () => {
    const handshake = new Socks5Handshake();
    expect(handshake.push(Buffer.from('050100050100010a0000050050', 'hex')).t).toBe('greeted');
    expect(handshake.push(new Uint8Array(0))).toMatchObject({ t: 'request', host: '10.0.0.5' });
  });

  it('takes any bytes in any pieces without throwing, and says nothing more once it failed', () => {
    assert(
      property(array(uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }), (pieces) => {
        const handshake = new Socks5Handshake();
        const steps = pieces.map((piece) => handshake.push(piece).t);
        const failed = steps.indexOf('failed');
        expect(failed < 0 || steps.slice(failed).every((step) => step === 'failed')).toBe(true);
      }),
    );
  });
});
