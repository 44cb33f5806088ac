import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../../peers.ts';
import { startPostgres, type Running } from '../servers.ts';
import { conformanceOfShared } from '../shared.ts';

let server: Running;

describeWith(['initdb', 'postgres', 'psql'], (...programs) => {
  beforeAll(async () => {
    server = await startPostgres(programs);
  });
  afterAll(async () => {
    await server.stop();
  });
  conformanceOfShared('postgres', () => server.location);
});
