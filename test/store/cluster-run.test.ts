import { expect, test } from 'vitest';
import { describeWith } from '../peers.ts';
import { runOnCluster } from './cluster-run.ts';

describeWith(['redis-server', 'redis-cli'], () => {
  test('two daemons on a cluster lose nothing and count everything once when a master is killed and a slot moves', async () => {
    const report = await runOnCluster({ users: 50, options: '?wait=1', part: 6000 });
    expect(report.failures).toEqual([]);
    expect(report.lessons).toBeGreaterThan(100);
    expect(report.messages).toBeGreaterThan(20);
    expect(report.lessonPause).toBeLessThan(20_000);
  }, 120_000);
});
