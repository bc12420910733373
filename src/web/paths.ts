/** Where the page is. The gateway serves it at these paths (src/gateway/page.ts). */
export const PATHS = [
  ...(['/', '/login', '/register', '/account', '/support'] as const),
  ...(['/registration', '/contact-confirmation', '/password-reset', '/invitation'] as const),
];
export type Path = (typeof PATHS)[number];
