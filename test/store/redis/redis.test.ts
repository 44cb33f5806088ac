import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../../peers.ts';
import { startRedis, type Running } from '../servers.ts';
import { conformanceOfShared } from '../shared.ts';

let server: Running;

describeWith(['redis-server', 'redis-cli'], () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });
  conformanceOfShared('redis', () => server.location);
});
