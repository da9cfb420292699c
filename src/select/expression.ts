/** What a select expression says: our own tree, of which every node can be evaluated. */
import type { ArithmeticOperator, Value } from './value.ts';

/** A column by its place (from 0), or by its name in the archive's first record. */
export type Column =
  | { readonly kind: 'place'; readonly index: number }
  | { readonly kind: 'name'; readonly name: string; readonly isQuoted: boolean };

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type CastType =
  | { readonly name: 'BOOL' | 'FLOAT' | 'INT' | 'STRING' | 'TIMESTAMP' }
  | {
      readonly name: 'DECIMAL';
      readonly precision: number | undefined;
      /** Places behind the point; undefined: as many as there are. */
      readonly scale: number | undefined;
    };

export type FunctionName =
  | 'COALESCE'
  | 'NULLIF'
  | 'CHAR_LENGTH'
  | 'CHARACTER_LENGTH'
  | 'LOWER'
  | 'UPPER'
  | 'TRIM'
  | 'SUBSTRING';

export type AggregateName = 'AVG' | 'COUNT' | 'MAX' | 'MIN' | 'SUM';

export interface When {
  readonly when: Expression;
  readonly result: Expression;
}

export type Expression =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'column'; readonly column: Column }
  | { readonly kind: 'negative' | 'positive' | 'not'; readonly operand: Expression }
  | {
      readonly kind: 'is';
      readonly operand: Expression;
      readonly value: null | boolean;
      readonly isNegated: boolean;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'and' | 'or' | 'concatenation';
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly isNegated: boolean;
    }
  | {
      readonly kind: 'in';
      readonly operand: Expression;
      readonly list: readonly Expression[];
      readonly isNegated: boolean;
    }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escapeCharacter: string | undefined;
      readonly isNegated: boolean;
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: CastType }
  | {
      readonly kind: 'case';
      /** Given: each `when` is a value that it may equal. Not given: a condition. */
      readonly subject: Expression | undefined;
      readonly whens: readonly When[];
      readonly otherwise: Expression;
    }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly operands: readonly Expression[] }
  | {
      readonly kind: 'aggregate';
      readonly name: AggregateName;
      /** Undefined: COUNT(*), all rows. */
      readonly operand: Expression | undefined;
    };

/** A whole SELECT. */
export interface Query {
  readonly items: readonly ('*' | Expression)[];
  readonly where: Expression | undefined;
  /** How many records come out at most. */
  readonly limit: number | undefined;
  /** One record comes out, for all that went in. */
  readonly isAggregate: boolean;
}

/** An expression that is not in the supported subset. The message says where, and why. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';

  /** @param offset in the expression, in UTF-16 code units; told as a character counted from 1 */
  constructor(offset: number, reason: string, options?: ErrorOptions) {
    super(`at character ${offset + 1}: ${reason}`, options);
  }
}
