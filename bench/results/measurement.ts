import type { Figure, Result } from '../figure.ts';

/** A figure and what came out of it. */
export type Measurement = { readonly figure: Omit<Figure, 'measure'>; readonly result: Result };
