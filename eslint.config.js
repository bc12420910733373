import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

// The rules of the house that can be seen in one file; import walls are in .dependency-cruiser.cjs. Each rule is tried
// against a violation in test/house.

const MUTATING_METHODS = new Set(
  ['set', 'add', 'delete', 'clear'].concat([
    'push',
    'pop',
    'shift',
    'unshift',
    'splice',
    'sort',
    'reverse',
    'fill',
    'copyWithin',
  ]),
);

/**
 * State of a module is shared by everything in the process: two replicas in one test would share it too, and nobody closes
 * it. State belongs into a closure that app.ts makes.
 */
const noModuleState = {
  meta: { type: 'problem', schema: [], messages: { state: 'Module-level state: keep `{{name}}` in a closure.' } },
  create(context) {
    const report = (node, name) => context.report({ node, messageId: 'state', data: { name } });
    return {
      Program(program) {
        const { scopeManager } = context.sourceCode;
        const moduleScope = scopeManager.acquire(program).childScopes.find(({ type }) => type === 'module');
        for (const { name, defs, references } of moduleScope?.variables ?? []) {
          const declaration = defs.find(({ type }) => type === 'Variable')?.parent;
          if (!declaration) continue;
          if (declaration.kind !== 'const') report(declaration, name);
          for (const { identifier } of references) if (isMutated(identifier)) report(identifier, name);
        }
      },
    };
  },
};

function isMutated(identifier) {
  let node = identifier;
  while (node.parent.type === 'MemberExpression' && node.parent.object === node) node = node.parent;
  const { parent } = node;
  if (parent.type === 'CallExpression') {
    if (parent.callee === node) return node !== identifier && MUTATING_METHODS.has(node.property.name);
    const { object, property } = parent.callee;
    return parent.arguments[0] === node && object?.name === 'Object' && property.name.startsWith('assign');
  }
  if (node === identifier) return false;
  return (
    (parent.type === 'AssignmentExpression' && parent.left === node) ||
    parent.type === 'UpdateExpression' ||
    (parent.type === 'UnaryExpression' && parent.operator === 'delete')
  );
}

const SYNTAX_OF_SRC = [
  { selector: 'TSEnumDeclaration', message: 'No enums: use a union of literals.' },
  { selector: 'TSModuleDeclaration', message: 'No namespaces: a file is the namespace.' },
  {
    selector: ':matches(ClassDeclaration, ClassExpression):not([superClass.name=/^(Error|[A-Z]\\w*Error)$/])',
    message: 'No classes except errors: write a factory, its state is a closure.',
  },
  {
    selector: ':matches(ExportDefaultDeclaration, ExportSpecifier[exported.name="default"])',
    message: 'No default exports: one name down the whole stack.',
  },
  { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that has it.' },
];

const ENVIRONMENT = {
  selector: 'MemberExpression[object.name="process"][property.name="env"]',
  message: 'Only src/config reads the environment; take what you need as an argument.',
};

// runIf stays for what only one platform or user has at all, such as the rules for root.
const SKIPPED_TESTS = {
  selector:
    'MemberExpression[object.name=/^(it|test|describe|suite)$/][property.name=/^(only|skip|todo|fails|skipIf)$/]',
  message: 'Tests are never skipped: a test that cannot run here fails and says why.',
};

export default defineConfig(
  { ignores: ['src/gen/', 'dist/', '.data/', 'test-results/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Unicode is counted in code points on purpose: [...text].length.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // `() => pool.end()`, and `return fail()` in a function that returns nothing, read better than braces.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // A function without await that promises is how a synchronous thing fits an asynchronous interface.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Promise.withResolvers<void>() is no mistake, and the rule knows only generic types, not generic functions.
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { house: { rules: { 'no-module-state': noModuleState } } },
    rules: {
      'no-console': 'error',
      'house/no-module-state': 'error',
      'no-restricted-syntax': ['error', ENVIRONMENT, ...SYNTAX_OF_SRC],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:process', message: 'Use the global; its env only in src/config.' }] },
      ],
    },
  },
  { files: ['src/config/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...SYNTAX_OF_SRC] } },
  {
    // What a person reads in a terminal.
    files: ['src/main.ts', 'src/run-until-signal.ts', 'src/admin.ts', 'src/embedded/call.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'docs/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', SKIPPED_TESTS],
      // A test looks at rows, log lines and answers whose types nobody has declared; what they are is what it asserts.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // afterAll runs after a beforeAll that failed half way: `service?.stop()`.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/restrict-plus-operands': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'off',
    },
  },
);
