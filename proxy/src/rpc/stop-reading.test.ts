import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { stopReading } from './stop-reading.ts';

test('what comes after it stays in the kernel, for the process that gets the socket', async () => {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dial = async (): Promise<[Socket, Socket]> => {
    const near = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [far] = (await once(server, 'connection')) as [Socket];
    return [near, far];
  };
  const [client, accepted] = await dial();
  client.write('hello');
  await once(accepted, 'readable');
  expect(String(accepted.read())).toBe('hello');

  stopReading(accepted);
  await new Promise((resolve) => client.write('second flight', resolve));
  // a whole conversation beside it: the loop has had its chance to read
  const [beside, other] = await dial();
  for (const text of ['a', 'b', 'c']) {
    beside.write(text);
    await once(other, 'readable');
    expect(String(other.read())).toBe(text);
  }
  expect(accepted.bytesRead).toBe(5);
  expect(accepted.readableLength).toBe(0);

  accepted.destroy();
  stopReading(accepted); // gone already: nothing to stop
  for (const socket of [client, beside, other]) socket.destroy();
  server.close();
});
