/** The facts in a file of SQL. */
import { broken, chunkLength, type Fact, type Facts, type Owner } from './fact.ts';
import { isTable, rowReader, tableNames, type RowReader } from './sql-table.ts';
import { SqlFile } from './sql-text.ts';
import { checkText } from './text.ts';

/**
 * Reads the facts of a dump.
 *
 * @param owner Whose the rows are that tell no user.
 * @throws TamisError INPUT, also for a file without any table of DSPAM.
 */
export async function* sqlFacts(file: string, owner: Owner): Facts {
  await Promise.resolve();
  checkText(file);
  const sql = new SqlFile(file);
  const readers = new Map<string, RowReader>();
  let facts: Fact[] = [];
  try {
    for (const { table, columns, values, offset } of sql.rows(isTable)) {
      const shape = `${table} ${String(columns)}`;
      const reader = readers.get(shape) ?? rowReader(file, table, columns, owner, sql.place(offset));
      readers.set(shape, reader);
      const fact = reader(values, () => sql.place(offset));
      if (fact !== undefined) facts.push(fact);
      if (facts.length < chunkLength) continue;
      yield facts;
      facts = [];
    }
  } finally {
    sql.close();
  }
  if (readers.size === 0) {
    throw broken(file, undefined, `There is no row of a table of DSPAM here (${tableNames.join(', ')}).`);
  }
  yield facts;
}
