/** What a module of losses and models exports. */

/** Mean squared error. */
export function mse(a: number, b: number): number {
  return (a - b) ** 2;
}

/** Mean absolute error, under another name than its own. */
export const mae = (() => (a: number, b: number): number => Math.abs(a - b))();

/** A model. */
export class Model {}

/** A linear model. */
export class Linear extends Model {}

/** Not for others. */
export function _hidden(): void {}

/** Not a function. */
export const data = { a: 1 };

export default mse;
