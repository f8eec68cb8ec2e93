/**
 * {@linkcode SqliteSession}: an open database of ours with its prepared statements, its transactions and its numbers.
 *
 * @module
 */

import type { SqlDatabase, SqliteDurability, SqlStatement } from "./database.ts";
import { scalar, synchronize } from "./database.ts";

/** How many numbers are taken at once, at first and at most: the counter is not to be written with every save. */
const MIN_NUMBERS = 64;
const MAX_NUMBERS = 4096;

/** An open database of ours. Every method is synchronous. */
export class SqliteSession {
  /** The database. */
  readonly database: SqlDatabase;
  readonly #durability: SqliteDurability;
  readonly #statements = new Map<string, SqlStatement>();
  #next = 0;
  #end = 0;
  #taking = MIN_NUMBERS;
  #inTransaction = false;

  /** Takes over a database that has the schema of this version. */
  constructor(database: SqlDatabase, durability: SqliteDurability) {
    this.database = database;
    this.#durability = durability;
  }

  /** The prepared statement of a text; prepared once. */
  statement(sql: string): SqlStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.database.prepare(sql));
    return statement;
  }

  /**
   * Runs changes of which all or none happen; within another transaction they belong to that.
   *
   * @typeParam T What `work` answers.
   * @param work The changes; it must not wait.
   * @returns What it answers.
   */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    const end = this.#end;
    this.statement("BEGIN IMMEDIATE").run();
    this.#inTransaction = true;
    try {
      const result = work();
      this.statement("COMMIT").run();
      return result;
    } catch (error) {
      // The numbers that were taken in it are given away again.
      if (this.#end !== end) this.#next = this.#end;
      try {
        this.statement("ROLLBACK").run();
      } catch {
        // Some errors, such as a full disk, roll back by themselves.
      }
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** As `transaction`, for what need not be safe before something later is: nothing waits for the disk. */
  lightTransaction<T>(work: () => T): T {
    if (this.#inTransaction || this.#durability === "normal") return this.transaction(work);
    synchronize(this.database, "normal");
    try {
      return this.transaction(work);
    } finally {
      synchronize(this.database, this.#durability);
    }
  }

  /** A number that no id and no version of this database ever had. */
  number(): number {
    return this.numbers(1);
  }

  /** The first of so many numbers in a row. */
  numbers(count: number): number {
    if (this.#end - this.#next < count) {
      const taking = Math.max(this.#taking, count);
      // All rows are asked for, so that the statement runs to its end, and its failure is told.
      const [row] = this.statement("UPDATE counter SET next = next + ? RETURNING next").all(taking);
      this.#end = (row as { next: number }).next;
      this.#next = this.#end - taking;
      this.#taking = Math.min(MAX_NUMBERS, 2 * this.#taking);
    }
    this.#next += count;
    return this.#next - count;
  }

  /** Another number after every change by another connection. */
  dataVersion(): number {
    return (this.statement("PRAGMA data_version").get() as { data_version: number }).data_version;
  }

  /** Copies the log into the file, as far as nobody reads it. */
  checkpoint(): void {
    scalar(this.database, "PRAGMA wal_checkpoint(PASSIVE)");
  }
}
