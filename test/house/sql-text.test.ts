import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

/** Reads of anything but a function or a system catalogue, and everything that writes or defines. */
const TABLE_STATEMENTS = [
  /^\s*(?:with|select)\b[^]*\b(?:from|join)\s+(?!pg_|\$\{name\}\()(?:only\s+)?[a-z_"$][\w."$]*(?!\w*\s*\()(?![\w."$])/i,
  /^\s*(?:with\b[^]*)?\b(?:insert\s+into|delete\s+from|merge\s+into|update\s+[\w."$]+\s+(?:as\s+\w+\s+)?set)\b/i,
  /^\s*(?:truncate|copy|lock|table|comment\s+on|(?:create|alter|drop)\s+(?:table|index|view|function|schema))\s/i,
];

/** The literals of a TypeScript source that are table statements. */
function tableStatements(text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node)) {
      const literal = node.getText().slice(1, -1);
      if (TABLE_STATEMENTS.some((pattern) => pattern.test(literal))) found.push(literal);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true));
  return found;
}

describe('The service', () => {
  it('calls stored functions and has no statement on a table', () => {
    const files = sourceFiles('src', '.ts').map((file) => [file.path, tableStatements(file.text)] as const);
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter(([, statements]) => statements.length > 0)).toEqual([]);
  });
});

describe('The search for table statements', () => {
  it.each([
    "'select id from auth.sessions'",
    "'select from accounts.users where id = $1'",
    '`select * from ${table}`',
    '`select * from ${schema}.sessions where id = $1`',
    "'SELECT s.id FROM auth.list() l JOIN auth.sessions s ON true'",
    "'with s as (select 1) select * from auth.sessions'",
    "'insert into auth.sessions values ($1)'",
    "'with gone as (delete from auth.sessions returning 1) select 1'",
    "'update auth.sessions set ended_at = now()'",
    "'delete from auth.sessions'",
    "'truncate auth.sessions'",
    "'drop table auth.sessions'",
  ])('finds %s', (literal) => {
    expect(tableStatements(`client.query(${literal});`)).toHaveLength(1);
  });

  it.each([
    '`select * from ${name}(${places})`',
    "'select deploy.is_applied($1, $2)'",
    "'select * from auth.logout($1)'",
    "'select from pg_database where datname = $1'",
    "'begin'",
  ])('leaves alone %s', (literal) => {
    expect(tableStatements(`client.query(${literal});`)).toEqual([]);
  });
});
