/**
 * {@linkcode SqliteSession}: an open database of ours with its prepared statements, its transactions and its numbers.
 *
 * @module
 */

import { isStorageError } from "../../errors.ts";
import type { SqlDatabase, SqliteDurability, SqlStatement } from "./database.ts";
import { scalar, synchronize } from "./database.ts";

/** How many numbers are taken at once, at first and at most: the counter is not to be written with every save. */
const MIN_NUMBERS = 64;
const MAX_NUMBERS = 4096;

/** The statements of a transaction. */
interface Steps {
  readonly begin: string;
  readonly commit: string;
  readonly rollBack: readonly string[];
}

const OUTER: Steps = { begin: "BEGIN IMMEDIATE", commit: "COMMIT", rollBack: ["ROLLBACK"] };
const INNER: Steps = {
  begin: "SAVEPOINT part",
  commit: "RELEASE part",
  rollBack: ["ROLLBACK TO part", "RELEASE part"],
};

/** An open database of ours. Every method is synchronous. */
export class SqliteSession {
  /** The database. */
  readonly database: SqlDatabase;
  readonly #durability: SqliteDurability;
  readonly #statements = new Map<string, SqlStatement>();
  readonly #rows = new Map<string, SqlStatement>();
  #next = 0;
  #end = 0;
  #taking = MIN_NUMBERS;
  /** How often numbers were taken. */
  #takings = 0;
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

  /** As `statement`, with rows to be read by `columnsOf`: that is faster, the more the more rows there are. */
  rows(sql: string): SqlStatement {
    let statement = this.#rows.get(sql);
    if (statement === undefined) {
      this.#rows.set(sql, statement = this.database.prepare(sql));
      statement.setReturnArrays?.(true);
    }
    return statement;
  }

  /**
   * Runs changes of which all or none happen; within another transaction they happen with that.
   *
   * @typeParam T What `work` answers.
   * @param work The changes; it must not wait.
   * @returns What it answers.
   */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) return this.#run(work, INNER);
    try {
      return this.#run(work, OUTER);
    } finally {
      this.#inTransaction = false;
    }
  }

  #run<T>(work: () => T, { begin, commit, rollBack }: Steps): T {
    const takings = this.#takings;
    this.statement(begin).run();
    this.#inTransaction = true;
    try {
      const result = work();
      this.statement(commit).run();
      return result;
    } catch (error) {
      // The numbers that were taken in it are given away again.
      if (this.#takings !== takings) this.#next = this.#end;
      try {
        for (const sql of rollBack) this.statement(sql).run();
      } catch {
        // Some errors, such as a full disk, roll back by themselves.
      }
      throw error;
    }
  }

  /**
   * Runs changes in one transaction, of which each happens or fails for itself.
   *
   * @typeParam T What they answer.
   * @param works The changes; each is one transaction, or one statement.
   * @returns What became of each.
   * @throws What ends them all: of an error of the engine it is not known how much it has rolled back.
   */
  together<T>(works: readonly (() => T)[]): PromiseSettledResult<T>[] {
    return this.transaction(() =>
      works.map((work) => {
        try {
          return { status: "fulfilled", value: work() };
        } catch (reason) {
          if (!isStorageError(reason)) throw reason;
          return { status: "rejected", reason };
        }
      })
    );
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
      this.#takings++;
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
