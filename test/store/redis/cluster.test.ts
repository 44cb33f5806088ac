import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../../peers.ts';
import { startRedisCluster, type Running } from '../servers.ts';
import { conformanceOfShared } from '../shared.ts';

let cluster: Running;

describeWith(['redis-server', 'redis-cli'], () => {
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(async () => {
    await cluster.stop();
  });
  conformanceOfShared('redis cluster', () => cluster.location);
});
