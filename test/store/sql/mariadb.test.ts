import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../../peers.ts';
import { startMariadb, type Running } from '../servers.ts';
import { conformanceOfShared } from '../shared.ts';

let server: Running;

describeWith(['mariadbd', 'mariadb-install-db', 'mariadb'], () => {
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(async () => {
    await server.stop();
  });
  conformanceOfShared('mariadb', () => server.location);
});
