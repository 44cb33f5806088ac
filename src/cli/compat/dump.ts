/**
 * `dspam_dump [-d sqlite_drv] USER [TOKEN]`: the tokens of DSPAM's engine (captures 68, 69, S3), in no order.
 *
 *     6625426497525293056  S: 00012  I: 00004  P: 0.8289 LH: Sun Nov 22 21:35:45 2026
 *
 * The last hit is known to the day (token-line.ts). A token that is not known is an error with status 1 (capture 70).
 */
import { tokenKey } from '../../classifier/dspam/key.ts';
import { TamisError } from '../../errors.ts';
import { countsOf } from '../../judge/counts.ts';
import { forEachTokens } from '../../judge/slices.ts';
import { withKnownUser } from '../../judge/users.ts';
import type { Totals, UserStore } from '../../store/contract.ts';
import { patience } from '../command.ts';
import { hitsLine, lastHit, rowsOf, type TokenRow } from '../token-line.ts';
import { configured, say, usage } from './words.ts';

/** The program. */
export async function runDump(argv: readonly string[]): Promise<void> {
  const { config, argv: rest } = configured(argv);
  const { sql, words } = driverOf(rest);
  const [user, token] = words;
  if (user === undefined || words.some((word) => word.startsWith('-')))
    throw usage('dspam_dump takes [-d sqlite_drv] USER [TOKEN]');
  const totals = await withKnownUser(config, user, patience, (store) => store.totals());
  const line = hitsLine(config, totals);
  if (token !== undefined) {
    await withKnownUser(config, user, patience, (store) => sayOne(store, token, line));
    return;
  }
  if (sql) say(totalsOf(totals));
  await forEachTokens(config, user, (rows) => {
    say(...rowsOf(rows).map((row) => (sql ? insertOf(row) : `${line(row)}${lastHit(row.day)}`)));
  });
}

async function sayOne(
  store: UserStore,
  token: string,
  line: (row: Omit<TokenRow, 'day'>) => string,
): Promise<void> {
  const key = tokenKey(Buffer.from(token).toString('latin1'));
  const [spam = 0, innocent = 0] = await store.readTokens(BigUint64Array.of(key));
  if (spam === 0 && innocent === 0) throw new TamisError('INPUT', 'token not found');
  say(line({ token: key, spam, innocent }));
}

/** As `-d sqlite_drv` prints them: statements without an end. */
function insertOf({ token, spam, innocent }: TokenRow): string {
  const columns = 'token, spam_hits, innocent_hits, last_hit';
  return `insert into dspam_token_data(${columns}) values('${token.toString()}', ${spam}, ${innocent}, date('now'))`;
}

function totalsOf(totals: Totals): string {
  const counts: [string, number][] = Object.entries(countsOf(totals, 'dspam'));
  const columns = counts.map(([name]) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  const values = counts.map(([, count]) => count);
  return `insert into dspam_stats (dspam_stat_id, ${columns.join(', ')}) values(${[0, ...values].join(', ')})`;
}

/** Takes `-d DRIVER` out of the words; `sqlite_drv` asks for statements of SQL. */
function driverOf(argv: readonly string[]): { sql: boolean; words: readonly string[] } {
  const at = argv.indexOf('-d');
  if (at < 0) return { sql: false, words: argv };
  if (argv[at + 1] !== 'sqlite_drv') throw usage('-d takes sqlite_drv');
  return { sql: true, words: argv.filter((_, place) => place !== at && place !== at + 1) };
}
