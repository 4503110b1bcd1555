import { beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '@causeway/contract';
import { Tickets } from './tickets.ts';

const TICKET = { session: 's_1', host: 'a.access.test', path: '/deep?x=1', nonceHash: 'hash-of-the-nonce' };
const REFUSED = expect.objectContaining({ code: 'CW_TICKET_INVALID' }) as Error;

describe('Tickets', () => {
  let now = 5_000;
  let tickets: Tickets;
  beforeEach(() => {
    now = 5_000;
    tickets = new Tickets(() => now);
  });

  it('are redeemed once, on their host, with their nonce', () => {
    const secret = tickets.issue(TICKET);
    expect(tickets.redeem(secret, TICKET.host, TICKET.nonceHash)).toEqual({
      session: 's_1',
      host: TICKET.host,
      path: TICKET.path,
    });
    expect(() => tickets.redeem(secret, TICKET.host, TICKET.nonceHash)).toThrow(REFUSED);
  });

  it.each([
    ['another host', 'b.access.test', TICKET.nonceHash],
    ['another browser', TICKET.host, 'hash-of-another'],
    ['no nonce', TICKET.host, ''],
  ])('are refused and spent for %s', (_name, host, nonceHash) => {
    const secret = tickets.issue(TICKET);
    expect(() => tickets.redeem(secret, host, nonceHash)).toThrow(REFUSED);
    expect(() => tickets.redeem(secret, TICKET.host, TICKET.nonceHash)).toThrow(REFUSED);
    expect(tickets.size).toBe(0);
  });

  it('are refused after 30 seconds, and when they never were', () => {
    const secret = tickets.issue(TICKET);
    now += LIMITS.ticketMs;
    expect(() => tickets.redeem(secret, TICKET.host, TICKET.nonceHash)).toThrow(REFUSED);
    expect(() => tickets.redeem('', TICKET.host, TICKET.nonceHash)).toThrow(REFUSED);
    expect(() => tickets.redeem('x'.repeat(43), TICKET.host, TICKET.nonceHash)).toThrow(REFUSED);
  });

  it('are bounded', () => {
    for (let n = 0; n < 10_000; n++) tickets.issue(TICKET);
    expect(() => tickets.issue(TICKET)).toThrow(expect.objectContaining({ code: 'CW_BUSY' }));
    now += LIMITS.ticketMs;
    expect(tickets.issue(TICKET)).toMatch(/^[\w-]{43}$/);
    expect(tickets.size).toBe(1);
  });
});
